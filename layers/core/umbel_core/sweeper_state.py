"""What the sweeper keeps between its runs: how far it has read, and how far each lane has worked."""

import msgspec


class LaneProgress(msgspec.Struct, frozen=True):
    """How far a lane has worked off its queue.

    At `marked_at` the queue had `left` messages. When `due` tasks of the op have ended in all, so many have ended since
    (ten times as many, if the lane is not ordered) that a task that was published before `marked_at` and is still
    pending has lost its message.
    """

    marked_at: str
    left: int
    due: int
    worked_off_to: str = ""
    """Messages sent before this moment have been received, or are lost."""
    empty_to: str = ""
    """The queue was empty at this moment and a run later, in flight included: no older message is left in it."""
    seen_at: str = ""
    """When the queue was observed last."""
    waiting: int | None = None
    """The number of messages that waited then, without those in flight. Records of earlier versions have none."""
    received_to: str = ""
    """No message waited at this moment and a run later: each older one has been received, or is lost."""


class SweeperState(msgspec.Struct):
    """The record that the sweeper reads at the start of a run and writes at its end."""

    after: tuple[str, str] | None = None
    """`created_at` and id of the job that was read last; None at the start of a pass through all unfinished jobs."""
    began_at: str = ""
    """When the current or the last pass began."""
    lanes: dict[str, LaneProgress] = {}
    waiting: dict[str, str] = {}
    """Op -> the job of its oldest pending task, as the last complete pass found it. The stats read it."""
    found: dict[str, str] = {}
    """The same of the pass that is not complete yet."""
