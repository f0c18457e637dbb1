"""The records of the op stats: the slots, to which the relays add, and one record for each period, for what they added.

A slot is one record with the stats of several periods, each in an attribute of its name. Every writer has a slot of its
own, in a partition of its own. Once a minute the slots are emptied into the records of the periods.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from umbel_core.aws.dynamo import Item, plain, record
from umbel_core.aws.keys import (
    PLANNED,
    REPEATED,
    ROLLED_UP,
    STATS,
    STATS_SLOTS,
    planned_key,
    slot_in,
    slot_key,
    stats_key,
)
from umbel_core.aws.table import Table
from umbel_core.clock import epoch
from umbel_core.op_stats import FOREVER, MINUTE, MINUTE_SECONDS, CountedStats, OpStats, PeriodStats

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutTypeDef, UpdateTypeDef

Moved = dict[int, int]
"""Slot -> the version of the slot that was moved last. The record of all time has it."""


def counted_stats(table: Table, since: str) -> CountedStats:
    """Return the stats of all time and of the minutes from this period on.

    The slots are read first. What is moved out of a slot before the second read is found there and not counted twice.
    """
    found, slots, moved = CountedStats(), [], Moved()
    for entry in table.get_many(key(slot) for key in (slot_key, planned_key) for slot in range(STATS_SLOTS)):
        if entry["sk"]["S"] == PLANNED:
            found.add(_planned(entry))
        else:
            slots.append(entry)
    values = {":stats": STATS, ":since": plain(since)}
    for entry in table.read_all(table.query("pk = :stats AND sk >= :since", values, consistent=True)):
        name = entry["sk"]["S"]
        if name.startswith(PLANNED):  # of the version before
            found.add(_planned(entry))
        elif name.startswith(REPEATED):
            found.add(_repeated(entry))
        else:
            found.add(record(PeriodStats, entry))
            if name == f"{FOREVER}{ROLLED_UP}":
                moved = moved_in(entry)
    for slot in slots:
        if version_of(slot) > moved.get(slot_in(slot), 0):
            for period in periods_in(slot):
                if period >= since:
                    found.add(stats_in(slot, period))
    return found


def periods_in(slot: Item) -> list[str]:
    """Return the periods of which a slot has stats."""
    return [name for name in slot if name == FOREVER or name.startswith(MINUTE)]


def stats_in(slot: Item, period: str) -> PeriodStats:
    """Return a slot's stats of a period, with the version of the slot."""
    ops = msgspec.json.decode(slot[period]["S"], type=dict[str, OpStats], strict=False) if period in slot else {}
    return PeriodStats(period, ops, version_of(slot))


def version_of(entry: Item) -> int:
    """Return the version of a record."""
    return int(entry["version"]["N"])


def moved_in(entry: Item) -> Moved:
    """Return which versions of the slots the record of all time includes."""
    return msgspec.json.decode(entry["moved"]["S"], type=Moved, strict=False)


def slot_update(table: Table, slot: int, op_stats: Sequence[PeriodStats]) -> "UpdateTypeDef":
    """Return the write of some periods' stats into a slot that still has the version of these stats."""
    version = op_stats[0].version
    names = {f"p{place}": stats.period for place, stats in enumerate(op_stats)}
    values: Item = {f":p{place}": _text(stats.ops) for place, stats in enumerate(op_stats)}
    update = table.update(
        slot_key(slot),
        f"SET {', '.join(f'#{name} = :{name}' for name in names)}, version = :new",
        {**values, ":new": plain(version + 1), ":old": plain(version)},
        condition="version = :old" if version else "attribute_not_exists(pk) OR version = :old",
    )
    update["ExpressionAttributeNames"] = {f"#{name}": period for name, period in names.items()}
    return update


def empty_slot(table: Table, slot: Item) -> "PutTypeDef":
    """Return the write that leaves only a slot's version, if it still has the version that was read."""
    version = version_of(slot)
    entry = {"pk": slot["pk"], "sk": slot["sk"], "version": plain(version + 1)}
    return table.put(entry, condition="version = :version", values={":version": plain(version)})


def period_put(table: Table, stats: PeriodStats, moved: Moved | None) -> "PutTypeDef":
    """Return the write of a period's record that must still have its version; 0: that must not exist."""
    expiry = {} if stats.period == FOREVER else {"expire_at": plain(epoch() + MINUTE_SECONDS)}
    entry = {
        **stats_key(stats.period),
        "period": plain(stats.period),
        "ops": _text(stats.ops),
        "version": plain(stats.version + 1),
        **({"moved": plain(msgspec.json.encode(moved).decode())} if moved is not None else {}),
        **expiry,
    }
    if stats.version == 0:
        return table.put(entry, condition="attribute_not_exists(pk)")
    return table.put(entry, condition="version = :version", values={":version": plain(stats.version)})


def _text(ops: dict[str, OpStats]) -> "AttributeValueTypeDef":
    """Return the stats of all ops as one JSON text: they are always read and written together."""
    return plain(msgspec.json.encode(ops).decode())


def _planned(entry: Item) -> PeriodStats:
    """Return the counts of planned tasks as stats."""
    return PeriodStats(FOREVER, {op: OpStats(entered={"pending": count}) for op, count in _counts(entry)})


def _repeated(entry: Item) -> PeriodStats:
    """Return the counts of a minute's repeated runs as stats."""
    return PeriodStats(entry["period"]["S"], {op: OpStats(repeats=count) for op, count in _counts(entry)})


def _counts(entry: Item) -> Iterable[tuple[str, int]]:
    """Yield the numbers in a record, each of them of an op."""
    return ((op, int(value["N"])) for op, value in entry.items() if "N" in value and op != "expire_at")
