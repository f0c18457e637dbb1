"""The model -> docs/scaling.md."""

from collections.abc import Iterable
from math import isinf
from pathlib import Path

import msgspec

from bench.growth.simulation import SECONDS, Outcome, simulate
from infra.costs import uploads
from umbel.growth import quotas
from umbel.growth.design import AFTER, BEFORE
from umbel.growth.limits import executions, limits, write_units
from umbel.growth.plan import CELL, Plan, plan
from umbel_core.catalogue import read_ops
from umbel_core.prices import AS_OF

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scaling.md"
RATES = (10, 100, 1000, 10_000)
_UPLOAD = uploads()["12 MP"]
_ENGINE = "<!-- engine: written by `python -m bench growth --engine` -->\n"
_ENGINE_END = "<!-- /engine -->\n"


def document(compared: str) -> str:
    """Return the page; `compared` is the table of the last comparison with the engine."""
    ops = len(read_ops(ROOT / "functions" / "ops"))
    plans = [plan(rate, _UPLOAD, ops) for rate in RATES]
    return _TEXT.format(
        as_of=AS_OF,
        seconds=SECONDS,
        cell=CELL,
        executions=executions(_UPLOAD),
        units=write_units(_UPLOAD),
        limits="\n".join(_limits()),
        simulated="\n".join(_simulated(plans)),
        settings="\n".join(_settings(plans)),
        requests="\n".join(_requests(plans)),
        bill="\n".join(_bill(plans)),
        quotas="\n".join(_quotas()),
        engine=f"{_ENGINE}{compared}{_ENGINE_END}",
    )


def compared_before() -> str:
    """Return the table of the last comparison with the engine, as the page has it."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    return text.partition(_ENGINE)[2].partition(_ENGINE_END)[0]


def _limits() -> Iterable[str]:
    designs = (BEFORE, AFTER)
    found = {design.name: {one.name: one for one in limits(_UPLOAD, design)} for design in designs}
    yield "| limit, in uploads a second | before | after | moved by |"
    yield "|---|---|---|---|"
    for name, after in sorted(found["after"].items(), key=lambda each: found["before"][each[0]].uploads_a_second):
        numbers = [_number(found[design.name][name].uploads_a_second) for design in designs]
        by = f"the setting `{after.setting}`" if after.setting and " " not in after.setting else after.setting
        yield f"| {name} | {numbers[0]} | {numbers[1]} | {by or (after.quota and after.quota.name) or 'cells'} |"


def _simulated(plans: list[Plan]) -> Iterable[str]:
    yield "| uploads a second | before | before, with the settings below | after, with the settings below |"
    yield "|---|---|---|---|"
    for one in plans:
        settings = {"lane_concurrency": one.design.lane_concurrency}
        tuned = msgspec.structs.replace(BEFORE, **settings)
        cells = [_outcome(simulate(_UPLOAD, design, one.rate)) for design in (BEFORE, tuned, one.design)]
        yield f"| {one.rate:,.0f} | {' | '.join(cells)} |"


def _outcome(outcome: Outcome) -> str:
    if outcome.follows:
        return f"follows; {outcome.median_seconds:.2f} s, {outcome.p95_seconds:.2f} s"
    return f"{outcome.ended_a_second:.0f}/s; the queue of the {outcome.bottleneck} grows"


def _settings(plans: list[Plan]) -> Iterable[str]:
    yield "| uploads a second | stacks | `coordinators` | `concurrency` of each op in the recipe | met first |"
    yield "|---|---|---|---|---|"
    for one in plans:
        design, first = one.design, one.first
        met = f"{first.name}, at {first.uploads_a_second:,.0f}/s"
        yield f"| {one.rate:,.0f} | {design.cells} | {design.coordinators} | {design.lane_concurrency} | {met} |"


def _requests(plans: list[Plan]) -> Iterable[str]:
    yield "| uploads a second | requests |"
    yield "|---|---|"
    for one in plans:
        commands = "<br>".join(f"{each.quota.name}: `{each.command}`" for each in one.requests)
        yield f"| {one.rate:,.0f} | {commands or 'none'} |"


def _bill(plans: list[Plan]) -> Iterable[str]:
    yield "| uploads a second, all month | uploads a month | for the uploads | idle parts |"
    yield "|---|---|---|---|"
    for one in plans:
        count = one.rate * 730 * 3600 / 1e6
        yield f"| {one.rate:,.0f} | {count:,.0f} million | ${one.uploads_usd:,.0f} | ${one.idle_usd:,.0f} |"


def _quotas() -> Iterable[str]:
    yield "| quota | default | service, code | source |"
    yield "|---|---|---|---|"
    for quota in (value for value in vars(quotas).values() if isinstance(value, quotas.Quota)):
        code = f"`{quota.service}`, `{quota.code}`" if quota.code else "-"
        page = quota.source.removeprefix("https://")
        yield f"| {quota.name} | {quota.value:,.0f} {quota.unit} | {code} | [{page}]({quota.source}) |"


def _number(rate: float) -> str:
    return "none" if isinf(rate) else f"{rate:,.0f}"


_TEXT = """\
<!-- Made by `python -m bench growth` from umbel/growth and bench/growth. -->
# How far it grows

From 1 to 1,000 uploads a second the pipeline grows by settings and quotas, to 10,000 by cells: several stacks that
share the uploads. This page is made from a model (`umbel/growth` for the arithmetic, `bench/growth` for a simulation
of each event with SimPy), because AWS is not measured here. An upload is a picture of 12 MP with the four variants of
the recipe `default`; it needs {executions:.2f} s of executions in all functions and {units:.0f} write units. Quotas
and prices are those of us-east-1, {as_of}.

## Which limit is met first

*Before* is the version with one key in the index by time and pushes inside the relay, with five open pages; *after*
is this version with twenty. Both with the default settings.

{limits}

## What the simulation says

{seconds:.0f} seconds of uploads that come at random, or as long as a thousand take. *Follows*: as many end as come;
the times are the median and the 95th percentile from the upload to its counted end. Otherwise: how many end, and
where the queue is longest.

{simulated}

## The settings of each level

A quarter is to spare everywhere. `concurrency` is set for each op, in `cdk.json`; a stack takes at most {cell:,.0f}
uploads a second here, before the next cell begins.

{settings}

A new on-demand table takes 4,000 write units a second and grows with its use, to twice its highest load so far. For
more from the first minute give it a [warm
throughput](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html): the write units
above times the rate. S3 divides a prefix by itself when its load grows slowly; above 3,500 uploads a second use several
prefixes below `uploads/`. Uploads through the page or by `POST /uploads` are bounded by the API's own throttle of 200
requests a second; above, put objects straight into S3.

### The quotas to file

The numbers are those of one stack. Executions are counted for the whole account and region, so stacks that share an
account need their sum; a table's writes are counted for each table.

{requests}

### The month's bill

{bill}

From the [price table](costs.md#the-price-table), without storage, transfer and pushes.

## Cells

Above {cell:,.0f} uploads a second several stacks share the uploads by a hash of the key, each with tables, topics and
lanes of its own; they may be in one account with names of their own ([a second stack](deploy.md#a-second-stack)), or
each in an account of its own, which also multiplies the quotas. A job lives in one cell. Clients that put objects
into S3 compute the cell themselves (`cell_of` in [router.py](../examples/cells/router.py)); those that use the API
ask the router in [examples/cells](../examples/cells/app.py), a function of 30 lines behind an HTTP API:

```sh
UMBEL_STACK=cella make deploy
UMBEL_STACK=cellb make deploy
.venv/bin/cdk deploy --app ".venv/bin/python examples/cells/app.py" \\
  -c cells='{{"cella": "<ApiUrl of cella>", "cellb": "<ApiUrl of cellb>"}}'
curl "$router/route?key=uploads/photo.jpg"        # {{"cell": "cellb", "api": "https://…"}}
```

A cell that is added takes its part of the keys from all others. Jobs that were there before stay where they are, so
ask for the cell when a job is made, and keep the answer.

## Compared with the engine

`python -m bench growth --engine` sends bursts of uploads to the running local engine, fits the model's one free
number, the speed of this machine, to the first burst, and compares the others with what the model predicts. Run it on
a machine that does nothing else: other work changes the speed between the bursts.

{engine}
## The quotas

{quotas}
"""
