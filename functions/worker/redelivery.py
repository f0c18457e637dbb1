"""Orders a batch so that a message that may have stopped its worker does not stop it while others are processed."""

from collections.abc import Iterable
from typing import NamedTuple

from umbel_core.lane_settings import HANDED_BACK_UNTIL
from umbel_core.sqs import Message

Group = list[Message]
"""Messages that are processed one after another. In a lane that is not ordered, each message is a group."""


class Order(NamedTuple):
    """A batch's groups in the order in which they are processed."""

    first: list[Group]
    """Processed one after another, before the others."""
    new: list[Group]
    """Never received before."""
    last: list[Group]
    """At most one, processed alone, last of all."""
    later: list[Group]
    """Handed back at once."""


def order_batch(groups: Iterable[Group]) -> Order:
    """Return the groups of a batch in the order in which they are processed.

    A group with a redelivered message may have stopped the last worker: one of them is processed, after the new ones,
    so that nothing else fails with it when it does so again. The others are handed back, which costs a receive.
    Therefore those with many receives are processed in any case, the one with the most of them first: however many
    tasks stop their workers, each message gets its try before it is given up.
    """
    by_receives = sorted(groups, key=_receives)
    new = [group for group in by_receives if _receives(group) == 1]
    few = [group for group in by_receives if 1 < _receives(group) <= HANDED_BACK_UNTIL]
    many = [group for group in by_receives if _receives(group) > HANDED_BACK_UNTIL]
    return Order(first=many[::-1], new=new, last=few[:1], later=few[1:])


def _receives(group: Group) -> int:
    return max(message.receives for message in group)
