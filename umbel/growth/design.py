"""What a deployment is able to do: its settings, and what its code allows whatever they are."""

import msgspec


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that limit a deployment beside AWS's quotas."""

    name: str
    coordinators: int
    """Maximum concurrency of the coordinator's mapping."""
    lane_concurrency: int
    """Executions of each op at a time."""
    index_keys: int
    """Partition keys of the index that lists the jobs by their time."""
    index_units: float
    """Units that an upload writes into that index."""
    stats_keys: int
    """Partition keys of the op stats."""
    stats_units: float
    """Units that a batch of the relay writes into the op stats, in a transaction."""
    open_pages: int
    changes_a_second: float
    """Changes that the relay takes from one shard of the stream with so many open pages."""
    cells: int = 1
    """Stacks that share the uploads by a hash of their key."""


BEFORE = Design(
    name="before",
    coordinators=4,
    lane_concurrency=4,
    index_keys=1,
    index_units=6,
    stats_keys=1,
    stats_units=8,
    open_pages=5,
    changes_a_second=47,
)
"""One partition key in an index that has whole records; pushes inside the relay.

They slow it: 247 changes a second with one open page, 47 with five, 18 with twenty, measured with a gateway that takes
15 ms.
"""
AFTER = Design(
    name="after",
    coordinators=4,
    lane_concurrency=4,
    index_keys=16,
    index_units=3,
    stats_keys=48,
    stats_units=4,
    open_pages=20,
    changes_a_second=475,
)
"""Sixteen keys in an index of keys; op stats by writer; pushes in a function of their own (`bench fanout`)."""
