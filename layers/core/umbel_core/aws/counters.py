"""The counts of each job and the op stats of all jobs, written in one transaction so that no change counts twice."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from secrets import randbelow
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import UNREADABLE, Item, has_code, plain, record
from umbel_core.aws.keys import PLANNED, REPEATED, STATS, STATS_SHARDS, job_key, stats_key
from umbel_core.aws.ledger_table import job_item
from umbel_core.aws.table import Table
from umbel_core.clock import epoch
from umbel_core.ledger import JobRecord
from umbel_core.op_stats import FOREVER, MINUTE_SECONDS, CountedStats, OpStats, PeriodStats

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


class DynamoCounters:
    """`umbel_core.op_stats.Counters` on the ledger's table. Each instance writes to one shard of the stats."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._table = Table(dynamodb, table)
        self._shard = randbelow(STATS_SHARDS)

    def read(
        self, job_ids: Iterable[str], periods: Iterable[str]
    ) -> tuple[dict[str, JobRecord], dict[str, PeriodStats]]:
        """Return the jobs that exist and can be read, by id, and this shard's stats of each period."""
        jobs: dict[str, JobRecord] = {}
        op_stats = {period: PeriodStats(period) for period in periods}
        keys = [*map(job_key, job_ids), *(stats_key(period, self._shard) for period in op_stats)]
        for entry in self._table.get_many(keys):
            if entry["pk"] == STATS:
                stats = record(PeriodStats, entry)
                op_stats[stats.period] = stats
            else:
                # One that cannot be read must not stop the others; the relay set it aside when it was written.
                with suppress(*UNREADABLE):
                    job = record(JobRecord, entry)
                    jobs[job.id] = job
        return jobs, op_stats

    def write(self, jobs: Sequence[tuple[JobRecord, JobRecord]], op_stats: Iterable[PeriodStats]) -> bool:
        """Write all or nothing; return False when another writer changed a record since it was read."""
        writes = [self._put(job_item(new), old.version) for old, new in jobs]
        writes += [self._put(self._stats_item(stats), stats.version) for stats in op_stats]
        try:
            self._table.client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if has_code(error, "TransactionCanceledException"):
                return False
            raise
        return True

    def counted(self, since: str) -> CountedStats:
        """Return the stats of all time and of the minutes from this period on, summed over all shards."""
        values = {":stats": STATS, ":since": plain(since)}
        found = CountedStats()
        for entry in self._table.read_all(self._table.query("pk = :stats AND sk >= :since", values, consistent=True)):
            name = entry["sk"]["S"]
            if name.startswith(PLANNED):
                found.add(_planned_stats(entry))
            elif name.startswith(REPEATED):
                found.add(_repeated_stats(entry))
            else:
                found.add(record(PeriodStats, entry))
        return found

    def _stats_item(self, stats: PeriodStats) -> Item:
        """Return the record of the stats. Its ops are one JSON text: they are always read and written together."""
        expiry = {} if stats.period == FOREVER else {"expire_at": plain(epoch() + MINUTE_SECONDS)}
        return {
            **stats_key(stats.period, self._shard),
            "period": plain(stats.period),
            "ops": plain(msgspec.json.encode(stats.ops).decode()),
            "version": plain(stats.version + 1),
            **expiry,
        }

    def _put(self, entry: Item, version: int) -> "TransactWriteItemTypeDef":
        """Return the write of a record that must still have this version; 0: that must not exist."""
        if version == 0:
            return {"Put": self._table.put(entry, condition="attribute_not_exists(pk)")}
        return {"Put": self._table.put(entry, condition="version = :version", values={":version": plain(version)})}


def _planned_stats(entry: Item) -> PeriodStats:
    """Return the counts of planned tasks as stats."""
    return PeriodStats(FOREVER, {op: OpStats(entered={"pending": count}) for op, count in _counts(entry).items()})


def _repeated_stats(entry: Item) -> PeriodStats:
    """Return the counts of a minute's repeated runs as stats."""
    return PeriodStats(entry["period"]["S"], {op: OpStats(repeats=count) for op, count in _counts(entry).items()})


def _counts(entry: Item) -> dict[str, int]:
    """Return the numbers in a record, each of them of an op."""
    return {op: int(value["N"]) for op, value in entry.items() if "N" in value and op != "expire_at"}
