"""Decides which open tasks have lost their message, and which can never run."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.clock import stamp
from umbel_core.ledger import ENDED, ErrorRecord, JobRecord, TaskRecord
from umbel_core.sweeper_state import LaneProgress

_MESSAGE_LIFE = timedelta(days=13)
"""A queue keeps a message for 14 days; it is sent again a day before, so a lane may be paused for longer."""
_PLAIN = 2
_LONGEST_DOUBLING = 7
_EXPIRES_WITHIN = timedelta(hours=1)


class LostTasks(msgspec.Struct, frozen=True):
    """The rules, at one moment."""

    now: datetime
    silence: timedelta
    """How long a task has to be silent before it can be lost. Doubles with each time that it was published again, from
    the third time on: what is lost again and again has a cause that will last."""
    lanes: Mapping[str, LaneProgress]
    """The progress of each lane that works. A paused one is missing: its messages wait."""
    catalogue: Catalogue

    def in_job(self, tasks: Iterable[TaskRecord]) -> list[int]:
        """Return the indices of the tasks whose message must be sent again, in order."""
        return sorted({task.index for lane in self._lanes(tasks) for task in self._in_lane(lane)})

    def never_runs(self, job: JobRecord, task: TaskRecord) -> ErrorRecord | None:
        """Return why an open task can never run, or None when it can."""
        if task.op not in self.catalogue and self._is_silent(task, self.silence):
            sentence = f"The op '{task.op}' was removed from the deployment before this task ran. Submit it anew."
            return ErrorRecord("op_removed", sentence)
        if 0 < job.expire_at < (self.now + _EXPIRES_WITHIN).timestamp():
            return ErrorRecord("job_expired", "The task waited for as long as its job is kept, and did not run.")
        return None

    def _lanes(self, tasks: Iterable[TaskRecord]) -> Iterable[list[TaskRecord]]:
        """Group the tasks: each task of an ordered op with those of its group, every other one by itself."""
        groups: dict[tuple[str, str | int], list[TaskRecord]] = {}
        for task in tasks:
            ordered = task.op in self.catalogue.ordered and task.group is not None
            groups.setdefault((task.op, task.group or "" if ordered else task.index), []).append(task)
        return groups.values()

    def _in_lane(self, group: list[TaskRecord]) -> list[TaskRecord]:
        """Return, from the first lost task of a group on, all that are open, so that they come in order."""
        received = max((place for place, task in enumerate(group) if _was_received(task)), default=-1)
        for place, task in enumerate(group):
            if task.status not in ENDED and self._is_lost(task, overtaken=place < received):
                return [behind for behind in group[place:] if behind.status not in ENDED]
        return []

    def _is_lost(self, task: TaskRecord, *, overtaken: bool) -> bool:
        if not self._is_silent(task, self.silence * 2 ** min(max(task.publication - _PLAIN, 0), _LONGEST_DOUBLING)):
            return False
        if self._is_silent(task, _MESSAGE_LIFE):
            return True
        lane = self.lanes.get(self.catalogue.lane_of(task.op, fused=task.fused))
        if lane is None:
            return False
        if _was_received(task):
            # Its message may be hidden for a while, and others overtake it.
            return task.last_sign < lane.empty_to
        # A FIFO queue delivers a group in order: when a later task of it was received, this one's message is gone.
        # A message that was received without a sign of its task is with a worker that died: it would be hidden for
        # several timeouts.
        return overtaken or task.last_sign < max(lane.worked_off_to, lane.received_to)

    def _is_silent(self, task: TaskRecord, length: timedelta) -> bool:
        return task.last_sign < stamp(self.now - length)


def _was_received(task: TaskRecord) -> bool:
    return task.received or task.attempts > 0 or task.status == "running"
