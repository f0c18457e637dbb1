"""Moves the op stats out of the slots into one record for each period, so that few records are read for the stats."""

from typing import TYPE_CHECKING

from umbel_core.aws.dynamo import Item, record
from umbel_core.aws.keys import STATS_SLOTS, slot_in, slot_key, stats_key
from umbel_core.aws.stats_records import Moved, empty_slot, moved_in, period_put, periods_in, stats_in, version_of
from umbel_core.aws.table import Table
from umbel_core.op_stats import FOREVER, PeriodStats, keep_busiest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef

_TRIES = 5
"""A relay that is busy changes its slot several times a second."""


class StatsRollup:
    """Empties slots. Each is moved by one transaction, so that nothing is lost or counted twice."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def empty_all(self) -> int:
        """Empty all slots; return the number of those that were emptied."""
        slots = list(self._table.get_many(map(slot_key, range(STATS_SLOTS))))
        return sum(self.empty(slot_in(slot)) for slot in slots if periods_in(slot))

    def empty(self, slot: int) -> bool:
        """Empty a slot; return False when its writer was faster every time."""
        return any(self._is_moved(slot) for _ in range(_TRIES))

    def _is_moved(self, number: int) -> bool:
        slot = self._table.get(slot_key(number))
        if slot is None or not periods_in(slot):
            return True
        periods = {FOREVER, *periods_in(slot)}
        kept = {entry["period"]["S"]: entry for entry in self._table.get_many(map(stats_key, periods))}
        moved = moved_in(kept[FOREVER]) if FOREVER in kept else {}
        moved[number] = version_of(slot)
        puts = [
            empty_slot(self._table, slot),
            *(self._sum(period, kept.get(period), slot, moved) for period in periods),
        ]
        return self._table.transact([{"Put": put} for put in puts])

    def _sum(self, period: str, kept: Item | None, slot: Item, moved: Moved) -> "PutTypeDef":
        stats = record(PeriodStats, kept) if kept else PeriodStats(period)
        stats.add(stats_in(slot, period))
        keep_busiest(stats)
        return period_put(self._table, stats, moved if period == FOREVER else None)
