"""The settings, quotas and bill for a rate of uploads. `plan` is what a command or a page shows."""

from math import ceil

import msgspec

from umbel.growth import idle, quotas
from umbel.growth.design import AFTER, Design
from umbel.growth.limits import Limit, executions, limits, write_units
from umbel.growth.quotas import Quota
from umbel.growth.upload import Upload
from umbel_core import usage

CELL = 1500.0
"""Uploads a second of one stack at most: above, the table's writes and the lanes come near what AWS raises."""
_HEADROOM = 1.25
_MONTH_SECONDS = 730 * 3600


class Request(msgspec.Struct, frozen=True):
    """A quota to ask AWS to raise, in each account and region that has a cell."""

    quota: Quota
    value: int

    @property
    def command(self) -> str:
        """The command that files the request."""
        return (
            f"aws service-quotas request-service-quota-increase --service-code {self.quota.service} "
            f"--quota-code {self.quota.code} --desired-value {self.value}"
        )


class Plan(msgspec.Struct, frozen=True):
    """What a deployment needs for a rate."""

    rate: float
    design: Design
    requests: list[Request]
    first: Limit
    """What is met first above this rate."""
    uploads_usd: float
    """A month at this rate, all of the time."""
    idle_usd: float


def plan(rate: float, upload: Upload, ops: int) -> Plan:
    """Return what so many uploads a second need, with a quarter to spare."""
    cells = ceil(rate / CELL)
    wanted = rate * _HEADROOM / cells
    slowest = max(map(upload.run_ms, upload.variants_ms)) / 1000
    plan_seconds = (usage.PLAN_MS + usage.PLAN_TASK_MS * len(upload.variants_ms)) / 1000
    design = msgspec.structs.replace(
        AFTER,
        name=f"{rate:g}/s",
        cells=cells,
        coordinators=max(AFTER.coordinators, ceil(wanted * plan_seconds)),
        lane_concurrency=max(AFTER.lane_concurrency, ceil(wanted * slowest)),
    )
    needs = {
        quotas.CONCURRENCY: wanted * executions(upload) + 100,
        quotas.TABLE_WRITES: wanted * write_units(upload),
        quotas.PUBLISHES: wanted * len(upload.variants_ms),
    }
    requests = [Request(quota, _rounded(need)) for quota, need in needs.items() if need > quota.value]
    raised = {request.quota.code: float(request.value) for request in requests}
    return Plan(
        rate=rate,
        design=design,
        requests=requests,
        first=limits(upload, design, raised)[0],
        uploads_usd=usage.nano(usage.times(rate * _MONTH_SECONDS, upload.under_load)) / 1e9,
        idle_usd=cells * (idle.STACK.usd() + ops * idle.LANE.usd()),
    )


def _rounded(need: float) -> int:
    """Return a round number that is enough: two digits."""
    step = int(f"1{'0' * max(0, len(str(int(need))) - 2)}")
    return ceil(need / step) * step
