"""The limits on the way of an upload, in uploads a second: which one is met first."""

from math import inf

import msgspec

from umbel.growth import quotas
from umbel.growth.design import Design
from umbel.growth.quotas import Quota
from umbel.growth.upload import CHANGES_PER_BATCH, Upload
from umbel_core import usage

PLAN_CHANGES = 3
"""Changes of a small job that the relay receives beside those of its tasks."""
_FIRST_SHARDS = quotas.NEW_TABLE_WRITES.value / quotas.PARTITION_WRITES.value


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that bounds the uploads a second of a deployment."""

    name: str
    uploads_a_second: float
    setting: str = ""
    """What a deployment sets to move it."""
    quota: Quota | None = None
    """What AWS must raise to move it."""


def limits(upload: Upload, design: Design, raised: dict[str, float] | None = None) -> list[Limit]:
    """Return the limits, the lowest first; `raised` are quotas that AWS has raised, by their codes."""

    def value(quota: Quota) -> float:
        return (raised or {}).get(quota.code, quota.value)

    variants = len(upload.variants_ms)
    slowest = max(map(upload.run_ms, upload.variants_ms)) / 1000
    plan = (usage.PLAN_MS + usage.PLAN_TASK_MS * variants) / 1000
    partition = quotas.PARTITION_WRITES.value
    found = [
        Limit(
            name="coordinators",
            uploads_a_second=min(design.coordinators, quotas.MAPPING.value) / plan,
            setting="coordinators",
        ),
        Limit(
            name="concurrency of the slowest lane",
            uploads_a_second=min(design.lane_concurrency, quotas.MAPPING.value) / slowest,
            setting="concurrency",
        ),
        Limit(
            name="the account's executions",
            uploads_a_second=(value(quotas.CONCURRENCY) - 100) / executions(upload),
            quota=quotas.CONCURRENCY,
        ),
        Limit(
            name="hot key of the index by time",
            uploads_a_second=partition * design.index_keys / design.index_units,
        ),
        Limit(
            name="hot key of the op stats",
            uploads_a_second=partition * design.stats_keys / design.stats_units * CHANGES_PER_BATCH / changes(upload),
        ),
        Limit(name="relay, with open pages", uploads_a_second=_relay(upload, design)),
        Limit(
            name="writes to the table",
            uploads_a_second=value(quotas.TABLE_WRITES) / write_units(upload),
            quota=quotas.TABLE_WRITES,
        ),
        Limit(
            name="messages of the tasks topic",
            uploads_a_second=value(quotas.PUBLISHES) / variants,
            quota=quotas.PUBLISHES,
        ),
        Limit(
            name="S3's writes below uploads/",
            uploads_a_second=quotas.PREFIX_WRITES.value,
            setting="keys below several prefixes",
        ),
    ]
    each = [msgspec.structs.replace(one, uploads_a_second=one.uploads_a_second * design.cells) for one in found]
    return sorted(each, key=lambda limit: limit.uploads_a_second)


def executions(upload: Upload) -> float:
    """Return the executions at a time that one upload a second needs, in all functions."""
    runs = sum(map(upload.run_ms, upload.variants_ms)) + usage.HANDLER_MS * len(upload.variants_ms)
    plan = usage.PLAN_MS + usage.PLAN_TASK_MS * len(upload.variants_ms)
    relay = usage.RELAY_MS * 2 * changes(upload) / CHANGES_PER_BATCH
    return (runs + plan + relay) / 1000


def changes(upload: Upload) -> float:
    """Return the records of the stream for one upload."""
    return len(upload.variants_ms) + PLAN_CHANGES


def write_units(upload: Upload) -> float:
    """Return the units that one upload writes to the table, under load."""
    return upload.under_load["dynamodb_write"]


def _relay(upload: Upload, design: Design) -> float:
    """Return the uploads a second that the relay follows.

    The stream has a shard for each partition of the table, and the table one for each thousand units a second. So the
    relay grows with the load, unless a shard brings more changes than the relay takes from it.
    """
    a_shard_brings = quotas.PARTITION_WRITES.value / write_units(upload) * changes(upload)
    if design.changes_a_second >= a_shard_brings:
        return inf
    return _FIRST_SHARDS * design.changes_a_second / changes(upload)
