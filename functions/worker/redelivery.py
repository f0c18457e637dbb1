"""Orders a batch so that a message that may have stopped its worker does not stop it while others are processed."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from umbel_core.lane_settings import HANDED_BACK_UNTIL
from umbel_core.sqs import Message

Group = list[Message]
"""Messages that are processed one after another. In a lane that is not ordered, each message is a group."""


class Order(NamedTuple):
    """A batch's groups in the order in which they are processed."""

    first: list[Group]
    """Processed one after another, before the others."""
    together: list[Group]
    """Those of no suspicion, in an ordered lane side by side."""
    last: list[Group]
    """At most one, processed alone, last of all."""
    later: list[Group]
    """Handed back at once."""


def order_batch(groups: Iterable[Group], suspects: Collection[str]) -> Order:
    """Return the groups of a batch in the order in which they are processed. `suspects` are ids of messages.

    A suspect's task began and did not end: it may have stopped its worker, or another task beside it did. One such
    group is processed, after all others, so that nothing else fails with it when it stops its worker again. The others
    are handed back, which costs a receive. Therefore those with many receives are processed in any case, the one with
    the most of them first: however many tasks stop their workers, each gets another attempt before it is given up.
    """
    by_receives = sorted(groups, key=_receives)
    suspected = [group for group in by_receives if any(message.id in suspects for message in group)]
    few = [group for group in suspected if _receives(group) <= HANDED_BACK_UNTIL]
    many = [group for group in suspected if _receives(group) > HANDED_BACK_UNTIL]
    together = [group for group in by_receives if group not in suspected]
    return Order(first=many[::-1], together=together, last=few[:1], later=few[1:])


def _receives(group: Group) -> int:
    return max(message.receives for message in group)
