"""The counts of each job and the op stats of all jobs, written in one transaction so that no change counts twice."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from secrets import randbelow
from typing import TYPE_CHECKING

from umbel_core.aws.dynamo import UNREADABLE, plain, record
from umbel_core.aws.keys import STATS_SLOTS, job_key, slot_key
from umbel_core.aws.ledger_table import job_item
from umbel_core.aws.stats_records import counted_stats, periods_in, slot_update, stats_in
from umbel_core.aws.stats_rollup import StatsRollup
from umbel_core.aws.table import Table
from umbel_core.ledger import JobRecord
from umbel_core.op_stats import CountedStats, PeriodStats

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_PERIODS_IN_A_SLOT = 6
"""The ticker empties the slots every minute. While it does not, a writer empties its own slot when it has more."""
_SECONDS = 4.0
"""How long a write may wait for a busy table: the relay has ten seconds, and gets its batch again."""


class DynamoCounters:
    """`umbel_core.op_stats.Counters` on the ledger's table.

    Each instance adds the op stats to one slot. When it meets another writer in its slot, it moves to another slot, so
    that soon each writer has a slot of its own, and none waits for another.
    """

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._table = Table(dynamodb, table)
        self._rollup = StatsRollup(self._table)
        self._slot = randbelow(STATS_SLOTS)
        self._is_full = False

    def read(
        self, job_ids: Iterable[str], periods: Iterable[str]
    ) -> tuple[dict[str, JobRecord], dict[str, PeriodStats]]:
        """Return the jobs that exist and can be read, by id, and this slot's stats of each period."""
        jobs: dict[str, JobRecord] = {}
        op_stats = {period: PeriodStats(period) for period in periods}
        slot = slot_key(self._slot)
        for entry in self._table.get_many([*map(job_key, job_ids), *([slot] if op_stats else [])]):
            if entry["pk"] == slot["pk"]:
                op_stats = {period: stats_in(entry, period) for period in op_stats}
                self._is_full = len(periods_in(entry)) > _PERIODS_IN_A_SLOT
            else:
                # One that cannot be read must not stop the others; the relay set it aside when it was written.
                with suppress(*UNREADABLE):
                    job = record(JobRecord, entry)
                    jobs[job.id] = job
        return jobs, op_stats

    def write(self, jobs: Sequence[tuple[JobRecord, JobRecord]], op_stats: Iterable[PeriodStats]) -> bool:
        """Write all or nothing; return False when another writer changed a record since it was read."""
        writes = [self._counted_job(old, new) for old, new in jobs]
        if stats := list(op_stats):
            writes.append({"Update": slot_update(self._table, self._slot, stats)})
        refused = self._table.write_all(writes, _SECONDS, own=len(jobs))
        if stats and len(jobs) in refused:
            self._slot = randbelow(STATS_SLOTS)
        elif self._is_full and not refused:
            self._is_full = not self._rollup.empty(self._slot)
        return not refused

    def counted(self, since: str) -> CountedStats:
        """Return the stats of all time and of the minutes from this period on, summed over all writers."""
        return counted_stats(self._table, since)

    def roll_up(self) -> int:
        """Move the stats of all slots into one record for each period; return the number of slots that were emptied."""
        return self._rollup.empty_all()

    def _counted_job(self, old: JobRecord, new: JobRecord) -> "TransactWriteItemTypeDef":
        values = {":version": plain(old.version)}
        return {"Put": self._table.put(job_item(new), condition="version = :version", values=values)}
