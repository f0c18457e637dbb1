"""The pause between two requests to a host, in the ledger's table, so that all workers keep it."""

import math
import time
from typing import TYPE_CHECKING

from umbel_core.aws.dynamo import plain
from umbel_core.aws.keys import pace_key
from umbel_core.aws.table import Table
from umbel_core.clock import epoch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LONGEST_SLEEP = 1.0
"""Seconds that a worker waits for a host; for longer, the task's message waits."""
_TRIES = 5
_FORGET_SECONDS = 600


class DynamoPace:
    """`umbel_fetching.fetcher.Pace` on a table."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._table = Table(dynamodb, table)

    def claim(self, host: str, delay: float) -> float:
        """Return the seconds until the caller may call the host; the next may do so `delay` seconds later.

        When it is more than `LONGEST_SLEEP`, nothing is claimed, and the caller must come again after that time.
        """
        for _ in range(_TRIES):
            found = self._table.get(pace_key(host))
            free_ms = int(found["free_ms"]["N"]) if found else 0
            now_ms = time.time() * 1000
            wait = max(0.0, (free_ms - now_ms) / 1000)
            if wait > LONGEST_SLEEP or self._write(host, free_ms, math.ceil(max(free_ms, now_ms) + delay * 1000)):
                return wait
        return LONGEST_SLEEP + delay

    def _write(self, host: str, old_ms: int, new_ms: int) -> bool:
        return self._table.write(
            self._table.update(
                pace_key(host),
                "SET free_ms = :new, expire_at = :expiry",
                {":new": plain(new_ms), ":old": plain(old_ms), ":expiry": plain(epoch() + _FORGET_SECONDS)},
                condition="attribute_not_exists(pk) OR free_ms = :old",
            )
        )
