"""What is counted: jobs' own counts, and the tallies of all jobs, written in one breath so that neither counts twice.

| pk | sk | what |
|---|---|---|
| `STATS` | `TOTAL#<counter>` | a `Tally` of all time |
| `STATS` | `MINUTE#<minute>#<counter>` | a `Tally` of the tasks that ended in this minute, for two hours |
| `STATS` | `PLANNED#<counter>` | op -> tasks that were planned, added up by the coordinator |
"""

from collections.abc import Iterable, Sequence
from secrets import randbelow
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import Item, has_code, plain, record
from umbel_core.aws.ledger import COUNTERS, TRANSACTION, job_item, job_key
from umbel_core.clock import epoch
from umbel_core.ledger import Job
from umbel_core.tally import FOREVER, Counted, OpTally, Tally

_MINUTE_SECONDS = 2 * 3600
_STATS = plain("STATS")


class DynamoBooks:
    """Read and written by whoever folds changes into counts, read by whoever asks for numbers."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._counter = randbelow(COUNTERS)

    def read(self, jobs: Iterable[str], periods: Iterable[str]) -> tuple[dict[str, Job], dict[str, Tally]]:
        """These jobs, and this counter's tallies of these periods, in as few reads as DynamoDB allows."""
        tallies = {period: Tally(period) for period in periods}
        keys = [*map(job_key, jobs), *map(self._key, tallies)]
        found: dict[str, Job] = {}
        while keys:
            chunk, keys = keys[:TRANSACTION], keys[TRANSACTION:]
            answer = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": chunk, "ConsistentRead": True}})
            for entry in answer["Responses"].get(self._table, ()):
                if entry["pk"] == _STATS:
                    tally = record(Tally, entry)
                    tallies[tally.period] = tally
                else:
                    job = record(Job, entry)
                    found[job.id] = job
            keys += answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        return found, tallies

    def write(self, jobs: Sequence[tuple[Job, Job]], tallies: Iterable[Tally]) -> bool:
        """Write jobs (old, new) and tallies as they were counted on, all or none; False when one had changed since."""
        writes = [self._put(job_item(new), old.version) for old, new in jobs]
        writes += [self._put(self._tally_item(tally), tally.version) for tally in tallies]
        try:
            self._dynamodb.transact_write_items(TransactItems=writes)
        except ClientError as fault:
            if has_code(fault, "TransactionCanceledException"):
                return False
            raise
        return True

    def counted(self, since: str) -> Counted:
        """All that was ever counted, and the minutes from this period on."""
        query = {
            "KeyConditionExpression": "pk = :stats AND sk >= :since",
            "ExpressionAttributeValues": {":stats": _STATS, ":since": plain(since)},
            "ConsistentRead": True,
        }
        found = Counted()
        for page in self._dynamodb.get_paginator("query").paginate(TableName=self._table, **query):
            for entry in page["Items"]:
                if entry["sk"]["S"].startswith("PLANNED#"):
                    found.add(
                        Tally(
                            FOREVER,
                            {
                                op: OpTally(entered={"pending": int(value["N"])})
                                for op, value in entry.items()
                                if "N" in value
                            },
                        )
                    )
                else:
                    found.add(record(Tally, entry))
        return found

    def _key(self, period: str) -> Item:
        return {"pk": _STATS, "sk": plain(f"{period}#{self._counter}")}

    def _tally_item(self, tally: Tally) -> Item:
        """The ops as one text: read and written whole, and nothing looks into them."""
        expiry = {} if tally.period == FOREVER else {"expire_at": plain(epoch() + _MINUTE_SECONDS)}
        return {
            **self._key(tally.period),
            "period": plain(tally.period),
            "ops": plain(msgspec.json.encode(tally.ops).decode()),
            "version": plain(tally.version + 1),
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
