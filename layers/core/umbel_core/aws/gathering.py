"""Jobs in the order of their creation, gathered from all shards of an index by a limited number of queries."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from umbel_core.aws.clients import AWS_ERRORS
from umbel_core.aws.dynamo import Item, plain
from umbel_core.aws.keys import CREATION, SHARDS, JobIndex
from umbel_core.aws.pages import MOST_QUERIES, MOST_SECONDS, filtered
from umbel_core.aws.table import Table, about

_READ_AT_ONCE = 1000
"""The entries of an index that a filtered query evaluates. An entry has about 200 bytes, and DynamoDB reads at most
1 MB for one query."""
_PARALLEL_QUERIES = 8
_TRIES = 4
"""A query that fails is tried again here, beside the client's own attempts: a page needs sixteen that succeed, so where
one query of a hundred fails, one page of seven would.
"""
_PAUSE = 0.1


def gather(
    table: Table,
    index: JobIndex,
    limit: int,
    after: str | None,
    *,
    backwards: bool = False,
    equal: Mapping[str, str | None] | None = None,
) -> tuple[list[Item], str | None]:
    """Return up to `limit` entries that come after a place, and the place from which the next call goes on.

    Every entry up to that place has been evaluated. A filter that few jobs pass may use up the queries or the time:
    then there are fewer entries than asked for, or none, although more may follow.
    """
    wanted = {name: value for name, value in (equal or {}).items() if value is not None}
    left, deadline = MOST_QUERIES, time.monotonic() + MOST_SECONDS
    read = partial(_read_insistently, deadline, table, index, _READ_AT_ONCE if wanted else limit, wanted, backwards)
    places: dict[str, str | None] = dict.fromkeys(SHARDS, after)
    """How far each shard was read; those that were read to their end are removed."""
    entries: list[Item] = []
    first = max if backwards else min
    with ThreadPoolExecutor(_PARALLEL_QUERIES) as pool:
        while True:
            # Those that were read least far hold the others back.
            shards = sorted(places, key=lambda shard: places[shard] or "", reverse=backwards)[:left]
            for shard, (found, place) in zip(
                shards, pool.map(lambda each: read(each, places[each]), shards), strict=True
            ):
                entries += found
                places[shard] = place
                if place is None:
                    del places[shard]
            left -= len(shards)
            complete = first((place for place in places.values() if place), default=None)
            ready = sorted(
                (entry for entry in entries if complete is None or first(_place(entry), complete) == _place(entry)),
                key=_place,
                reverse=backwards,
            )
            if len(ready) > limit or (len(ready) == limit and complete):
                return ready[:limit], _place(ready[limit - 1])
            if complete is None or not left or time.monotonic() > deadline:
                return ready, complete


def _read_insistently(deadline: float, *query: Any) -> tuple[list[Item], str | None]:
    for tried in range(1, _TRIES):
        try:
            return _read(*query)
        except AWS_ERRORS:
            if time.monotonic() > deadline:
                raise
        time.sleep(about(_PAUSE * 2**tried))
    return _read(*query)


def _read(
    table: Table, index: JobIndex, most: int, wanted: Mapping[str, str], backwards: bool, shard: str, after: str | None
) -> tuple[list[Item], str | None]:
    """Return a shard's next entries that pass the filter, and how far the shard was read, or None for to its end."""
    condition, values = f"{index.partition} = :shard", {":shard": plain(shard)}
    if after:
        condition += f" AND {CREATION} {'<' if backwards else '>'} :after"
        values[":after"] = plain(after)
    query = table.query(condition, values, index=index.name, backwards=backwards)
    found, last = table.read(filtered(query, wanted), most)
    return found, last[CREATION]["S"] if last else None


def _place(entry: Item) -> str:
    return entry[CREATION]["S"]
