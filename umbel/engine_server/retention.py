"""Bound what the engine keeps in memory of work that is done: records of streams, transactions, and log events.

The engine (1.5.33) keeps a stream's records for a day and a transaction's token for ten minutes, as AWS does, but with
all their items and in memory: 15 kB for each task, twice what the ledger takes. It keeps log events for ever, 1 kB
for each task.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from typing import Any

RECORDS = 1000
"""Records of a stream that are kept although every mapping has read them."""
EVENTS = 5000
"""The newest log events of a log stream, which are kept; up to twice as many are."""


class Digest:
    """Stands for a request: it equals the same request, of which it keeps 32 bytes."""

    def __init__(self, request: Any) -> None:
        self._digest = _digest(request)

    def __eq__(self, other: object) -> bool:
        return self._digest == _digest(other)

    __hash__ = None  # type: ignore[assignment] # it is compared alone

    def __deepcopy__(self, memo: Any) -> Digest:
        return self


def _digest(request: Any) -> bytes:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).digest()


def forgettable(kept: int, first: int, positions: Collection[int]) -> int:
    """Return how many of a stream's oldest records no mapping needs, when so many are kept; 0 while they are few.

    Positions count from the stream's beginning: `first` is that of the oldest record that is kept, `positions` those
    which the mappings read next. A stream without a mapping keeps all.
    """
    read = min(positions, default=first) - first
    return max(0, min(read, kept - RECORDS)) if kept > 2 * RECORDS else 0


def forget_read_records() -> None:
    """Delete the records of streams that all mappings have read."""
    # Only the engine's own environment has this package.
    from ministack.services import dynamodb, lambda_svc  # type: ignore[import-not-found]  # noqa: PLC0415

    poll = lambda_svc._poll_dynamodb_streams

    # In the engine's poller thread, which alone reads records by their positions.
    def poll_streams() -> bool:
        found = bool(poll())
        for scope, records in list(dynamodb._stream_records.all_items()):
            if len(records) <= 2 * RECORDS:
                continue
            first = dynamodb._stream_trimmed.get_scoped(*scope, 0)
            if count := forgettable(len(records), first, _positions(scope)):
                del records[:count]
                dynamodb._stream_trimmed.set_scoped(*scope, first + count)
        return found

    def _positions(scope: tuple[str, str, str]) -> list[int]:
        stream = (dynamodb._tables.get_scoped(*scope) or {}).get("LatestStreamArn")
        of_mapping = lambda_svc._dynamodb_stream_positions
        return [
            of_mapping.get_scoped(account, region, mapping["UUID"], 0)
            for account, region, mapping in lambda_svc._iter_all_esms()
            if mapping.get("EventSourceArn") == stream
        ]

    lambda_svc._poll_dynamodb_streams = poll_streams


def keep_digests_of_requests() -> None:
    """Keep, with the token of a transaction, a digest of the request in place of the request.

    The engine compares a request that comes again with the token's own.
    """
    from ministack.services import dynamodb  # noqa: PLC0415

    store: Callable[..., None] = dynamodb._txn_token_store

    def store_token(token: str, entry: dict[str, Any]) -> None:
        store(token, {**entry, "signature": Digest(entry["signature"])})

    dynamodb._txn_token_store = store_token


def keep_newest_events() -> None:
    """Delete the oldest log events of a log stream that has very many."""
    from ministack.services import cloudwatch_logs  # noqa: PLC0415

    append: Callable[..., None] = cloudwatch_logs._append_log_events

    def append_events(stream: dict[str, Any], events: Any) -> None:
        append(stream, events)
        with cloudwatch_logs._log_events_lock:
            if len(stream["events"]) > 2 * EVENTS:
                stream["events"] = stream["events"][-EVENTS:]

    cloudwatch_logs._append_log_events = append_events
