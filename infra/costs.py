"""Price table and counts -> docs/costs.md: what a thousand pictures cost, and what a month without work costs."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from umbel.growth import idle
from umbel.growth.upload import BATCHES_ALONE, CPU_FACTOR, S3_MB_PER_SECOND, S3_MS, Upload
from umbel_core import usage
from umbel_core.prices import AS_OF, PRICES, REGION
from umbel_core.usage import Usage

_ROOT = Path(__file__).parent.parent
_DEFAULT_RECIPE = "thumbnail 256, grayscale, blur 4, rotate90"
"""The variants of the recipe `default`, as docs/performance.md calls them."""
_COLUMNS = {"12 MP": (1, 4.5, 8.0), "3 MP": (2, 1.2, 2.2)}
"""Size -> its column in docs/performance.md, MB of the upload, MB of the four results."""
_RETENTION_MONTHS = 1


def uploads() -> dict[str, Upload]:
    """Return the uploads that the page is about: size -> a picture with the four variants of the recipe `default`."""
    rows = _performance()
    return {
        size: Upload(
            variants_ms=tuple(rows[name][column - 1] for name in _DEFAULT_RECIPE.split(", ")),
            megabytes=mb,
            results_mb=out,
        )
        for size, (column, mb, out) in _COLUMNS.items()
    }


def document(ops: int, ordered: int) -> str:
    """Return the page, for a deployment of so many ops, of which so many are ordered."""
    month = idle.STACK.usd() + (ops - ordered) * idle.LANE.usd() + ordered * idle.SINGLE.usd()
    return _TEXT.format(
        as_of=AS_OF,
        region=REGION,
        factor=CPU_FACTOR,
        s3_ms=S3_MS,
        s3_mb=S3_MB_PER_SECOND,
        batches=BATCHES_ALONE,
        variants=", ".join(f"`{variant.partition(' ')[0]}`" for variant in _DEFAULT_RECIPE.split(", ")),
        pictures="\n".join(_pictures()),
        beside="\n".join(_beside()),
        traced=usage.TRACED,
        ops=ops,
        idle="\n".join(_idle()),
        poller=_usd(idle.polls_usd(1)),
        capped=_usd(idle.CAPPED_USD),
        free=_usd(idle.FREE_USD),
        lane=_usd(idle.LANE.usd()),
        bulk=_usd(idle.LANE.usd() - idle.SINGLE.usd()),
        month=_usd(month),
        before=_usd(month + (ops + 3) * (idle.CAPPED_USD - idle.FREE_USD)),
        metric=_usd(PRICES["metric_month"].usd),
        op_metrics=_usd(4 * PRICES["metric_month"].usd),
        prices="\n".join(_prices()),
    )


def per_thousand(upload: Usage) -> float:
    """Return the price of a thousand of these, in US dollars."""
    return usage.nano(usage.times(1000, upload)) / 1e9


def _performance() -> dict[str, list[float]]:
    """Return the first milliseconds of each cell of the table in docs/performance.md, by the name of the row."""
    text = (_ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    table = text.partition("<!-- pixels -->")[2].partition("<!-- /pixels -->")[0]
    rows = (line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| "))
    return {name: [_first(cell) for cell in cells] for name, *cells in rows}


def _first(cell: str) -> float:
    number = re.match(r"[\d.]+", cell)
    return float(number[0]) if number else 0.0


def _by_service(taken: Usage) -> dict[str, float]:
    services: dict[str, float] = defaultdict(float)
    for name, number in taken.items():
        services[PRICES[name].service] += usage.nano(usage.times(1000, {name: number})) / 1e9
    return services


def _pictures() -> Iterable[str]:
    columns = {
        f"{size}, {how}": taken
        for size, upload in uploads().items()
        for how, taken in (("one by one", upload.alone), ("many at once", upload.under_load))
    }
    yield f"| cents for a thousand | {' | '.join(columns)} |"
    yield "|---|" + "---|" * len(columns)
    costs = [_by_service(taken) for taken in columns.values()]
    for service in dict.fromkeys(price.service for price in PRICES.values()):
        if any(cost.get(service) for cost in costs):
            yield f"| {service} | {' | '.join(f'{cost.get(service, 0) * 100:.1f}' for cost in costs)} |"
    yield f"| **all** | {' | '.join(f'**{sum(cost.values()) * 100:.1f}**' for cost in costs)} |"


def _beside() -> Iterable[str]:
    big, small = uploads().values()
    stored = {"s3_gb_month": _RETENTION_MONTHS}
    rows: dict[str, list[Usage]] = {
        "shown in an open page": [one.pushes() for one in (big, small)],
        "stored for a month": [usage.times((one.megabytes + one.results_mb) / 1000, stored) for one in (big, small)],
        "results sent to the Internet once": [{"transfer_gb": one.results_mb / 1000} for one in (big, small)],
        "job read by the API once": [{"api_request": 1.0, **usage.invocation(30, usage.ROLE_MB)}] * 2,
        "recorded by X-Ray, when they come one by one": [{"trace": 7 * (1 - usage.TRACED)}] * 2,
    }
    yield "| cents for a thousand | 12 MP | 3 MP |"
    yield "|---|---|---|"
    for name, taken in rows.items():
        yield f"| {name} | {' | '.join(f'{per_thousand(each) * 100:.1f}' for each in taken)} |"


def _idle() -> Iterable[str]:
    columns = idle.LANE, idle.SINGLE, idle.STACK
    yield "| a month without work | a lane | a lane with one queue | the stack without lanes |"
    yield "|---|---|---|---|"
    parts = {
        "mappings with a maximum concurrency": ("capped_mappings", idle.CAPPED_USD),
        "mappings without": ("free_mappings", idle.FREE_USD),
        "alarms": ("alarms", PRICES["alarm_month"].usd),
        "dashboard": ("dashboards", PRICES["dashboard_month"].usd),
        "the ticker, once a minute": ("tickers", _ticker_usd()),
    }
    for name, (part, usd) in parts.items():
        cells = [f"{getattr(each, part)} x {_usd(usd)}" if getattr(each, part) else "-" for each in columns]
        yield f"| {name} | {' | '.join(cells)} |"
    yield f"| **together** | {' | '.join(f'**{_usd(each.usd())}**' for each in columns)} |"


def _ticker_usd() -> float:
    return idle.Idle(capped_mappings=0, free_mappings=0, alarms=0, tickers=1).usd()


def _prices() -> Iterable[str]:
    yield "| service | US dollars | for | source |"
    yield "|---|---|---|---|"
    for price in PRICES.values():
        number = f"{price.per:,} x {price.unit}" if price.per > 1 else price.unit
        page = f"aws.amazon.com/{price.source}"
        yield f"| {price.service} | {price.usd:g} | {number} | [{page}](https://{page}) |"


def _usd(amount: float) -> str:
    return f"${amount:.2f}"


_TEXT = """\
<!-- Made by `make generate` from layers/core/umbel_core/prices.py and usage.py. -->
# What it costs on AWS

Prices of {region}, from published copies of AWS's price pages, compared on {as_of}; AWS may have changed them since.
No free tier is taken off.

## A thousand pictures

Each gets the four variants of the recipe `default` ({variants}), so five objects
are written to S3 for it.

{pictures}

*One by one*: {batches:g} batches of the stream count a job. *Many at once*: jobs share the batches. The number of
calls is counted from the code, and a test compares the writes with the ledger's real records. The time of a run is
that of [performance.md](performance.md) x {factor:g}, because a vCPU of Lambda is slower than the machine measured
there, plus {s3_ms:g} ms for each call of S3 and {s3_mb:g} MB a second: these three are assumptions, and change
Lambda's row only.

### What `cost_usd` counts

A job's `cost_usd` is the sum of the same counts for the job itself: its upload and its plan, each run of a task with
its real duration, and the batches that counted it. A run that failed, that was repeated or was one too many counts as
well. A run that stopped its worker counts with the op's whole timeout, the most that it can have cost.

Not in it, because it depends on who looks and for how long:

{beside}

X-Ray records the first invocation of a function in each second and {traced:.0%} of the others. `cost_usd` has the
others' part; pictures that come one by one pay for each, after the 100,000 traces of a month that are free.

## A month without work

{idle}

With the {ops} ops of this version that is **{month}** a month. Lambda polls each queue with five pollers, each of
which asks every 20 seconds and costs {poller} a month. It goes down to two pollers where the mapping has no maximum
concurrency ([Lambda's documentation](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html)): {free}
instead of {capped}. The mappings of the dead-letter queues have none for that reason; with one the month would cost
{before}. A lane's own mappings keep their maximum: without it Lambda receives more than the reserved concurrency may
run, and each throttled receive brings a message nearer to the dead-letter queue.

In a month with work in every hour the metric of repeated work adds {metric}, and the four metrics of its tasks
{op_metrics} for each op that worked in every hour.

What brings it down:

| setting | saves |
|---|---|
| `leave_out`: an op that you do not use | {lane} a month |
| `fair=false`: one queue a lane, not [two](settings.md#live-and-bulk) | {bulk} a month an op, if it is not ordered |
| `op_metrics=false` | those metrics of the ops |
| a second stack that is used seldom: remove it, [its data stays](deploy.md#remove-it) | all but the storage |

## The price table

{prices}

Streams that Lambda reads, SNS's deliveries to SQS, EventBridge's schedules and data into AWS cost nothing.
"""
