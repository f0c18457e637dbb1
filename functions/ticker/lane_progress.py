"""How far each lane has worked off its queue, from the number of its messages and of the tasks that ended."""

from collections.abc import Mapping

from umbel_core.lanes import Backlog
from umbel_core.ledger import ENDED
from umbel_core.op_stats import OpStats
from umbel_core.sweeper_state import LaneProgress

_OVERTAKEN = 10
"""In a lane that is not ordered, live tasks overtake bulk ones and small jobs overtake large ones. When ten times as
many tasks have ended as there were messages, those are most likely gone; if not, their tasks get a second message.
"""


def ended_tasks(stats: Mapping[str, OpStats], op: str) -> int:
    """Return how many tasks of the op have ended so far. The number only grows."""
    return sum(stats[op].entered.get(status, 0) for status in ENDED) if op in stats else 0


def advanced(before: LaneProgress | None, now: str, backlog: Backlog, ended: int, *, ordered: bool) -> LaneProgress:
    """Return the lane's progress now that its queues have these messages and `ended` tasks have ended.

    SQS's numbers are approximate and may lag by a minute, so one look at an empty queue proves nothing: the next run's
    does, a minute later.
    """
    left = backlog.waiting + backlog.in_flight
    due = ended + left * (1 if ordered else _OVERTAKEN)
    if before is None:
        return LaneProgress(now, left, due, seen_at=now, waiting=backlog.waiting)
    done = ended >= before.due
    still_empty = before.left == 0 and left == 0
    still_none_waits = before.waiting == 0 and backlog.waiting == 0
    return LaneProgress(
        marked_at=now if done or left == 0 else before.marked_at,
        left=left if done or left == 0 else before.left,
        due=due if done or left == 0 else before.due,
        worked_off_to=before.marked_at if done else before.worked_off_to,
        empty_to=before.marked_at if still_empty else before.empty_to,
        seen_at=now,
        waiting=backlog.waiting,
        received_to=before.seen_at if still_none_waits else before.received_to,
    )
