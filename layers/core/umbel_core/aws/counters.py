"""The counts of each job and the op stats of all jobs, written in one transaction so that no change counts twice."""

from collections.abc import Iterable, Sequence
from secrets import randbelow
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import Item, has_code, plain, record
from umbel_core.aws.keys import PLANNED, STATS, job_key, stats_key
from umbel_core.aws.ledger import COUNTER_SHARDS, TRANSACTION, job_item
from umbel_core.clock import epoch
from umbel_core.ledger import Job
from umbel_core.op_stats import FOREVER, CountedStats, OpStats, PeriodStats

_MINUTE_SECONDS = 2 * 3600


class DynamoCounters:
    """Read and written by whoever folds changes into counts, read by whoever asks for numbers."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._shard = randbelow(COUNTER_SHARDS)

    def read(self, jobs: Iterable[str], periods: Iterable[str]) -> tuple[dict[str, Job], dict[str, PeriodStats]]:
        """These jobs, and this shard's stats of these periods, in as few reads as DynamoDB allows."""
        op_stats = {period: PeriodStats(period) for period in periods}
        keys = [*map(job_key, jobs), *(stats_key(period, self._shard) for period in op_stats)]
        found: dict[str, Job] = {}
        while keys:
            chunk, keys = keys[:TRANSACTION], keys[TRANSACTION:]
            answer = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": chunk, "ConsistentRead": True}})
            for entry in answer["Responses"].get(self._table, ()):
                if entry["pk"] == STATS:
                    stats = record(PeriodStats, entry)
                    op_stats[stats.period] = stats
                else:
                    job = record(Job, entry)
                    found[job.id] = job
            keys += answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        return found, op_stats

    def write(self, jobs: Sequence[tuple[Job, Job]], op_stats: Iterable[PeriodStats]) -> bool:
        """Write jobs (old, new) and op stats as they were counted on, all or none; False when one had changed since."""
        writes = [self._put(job_item(new), old.version) for old, new in jobs]
        writes += [self._put(self._stats_item(stats), stats.version) for stats in op_stats]
        try:
            self._dynamodb.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if has_code(error, "TransactionCanceledException"):
                return False
            raise
        return True

    def counted(self, since: str) -> CountedStats:
        """All that was ever counted, and the minutes from this period on."""
        query = {
            "KeyConditionExpression": "pk = :stats AND sk >= :since",
            "ExpressionAttributeValues": {":stats": STATS, ":since": plain(since)},
            "ConsistentRead": True,
        }
        found = CountedStats()
        for page in self._dynamodb.get_paginator("query").paginate(TableName=self._table, **query):
            for entry in page["Items"]:
                if entry["sk"]["S"].startswith(PLANNED):
                    found.add(
                        PeriodStats(
                            FOREVER,
                            {
                                op: OpStats(entered={"pending": int(value["N"])})
                                for op, value in entry.items()
                                if "N" in value
                            },
                        )
                    )
                else:
                    found.add(record(PeriodStats, entry))
        return found

    def _stats_item(self, stats: PeriodStats) -> Item:
        """The ops as one text: read and written whole, and nothing looks into them."""
        expiry = {} if stats.period == FOREVER else {"expire_at": plain(epoch() + _MINUTE_SECONDS)}
        return {
            **stats_key(stats.period, self._shard),
            "period": plain(stats.period),
            "ops": plain(msgspec.json.encode(stats.ops).decode()),
            "version": plain(stats.version + 1),
            **expiry,
        }

    def _put(self, entry: Item, version: int) -> dict[str, Any]:
        if version == 0:
            return {"Put": {"TableName": self._table, "Item": entry, "ConditionExpression": "attribute_not_exists(pk)"}}
        return {
            "Put": {
                "TableName": self._table,
                "Item": entry,
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": plain(version)},
            }
        }
