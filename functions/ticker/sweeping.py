"""Reads all unfinished jobs, some in each run, and has what was lost done again."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec
from aws_lambda_powertools import Logger

from ticker.lane_progress import advanced, ended_tasks
from ticker.lost_tasks import LostTasks
from ticker.recounting import Recounter
from umbel_core.aws.clients import AWS_ERRORS
from umbel_core.catalogue import Catalogue
from umbel_core.clock import stamp
from umbel_core.contract.responses import OpStatus
from umbel_core.in_flight import held_by, members, take_next, waits_for_coordinator
from umbel_core.intake_messages import ObjectCreated, event_of
from umbel_core.lanes import Backlog
from umbel_core.ledger import ENDED, JobRecord, Ledger, Outcome, TaskRecord
from umbel_core.messages import ReleaseTasks, RepublishTasks
from umbel_core.op import Compute
from umbel_core.op_stats import FOREVER, Counters
from umbel_core.sweeper_state import SweeperState

_JOBS_PER_PAGE = 50
_SECONDS = 20
"""A run reads no further job after so long, but at least one; the next run goes on there."""
_LAST_TASKS = 100
_TRIES = 3
_INTAKE_IS_BEHIND = 100
"""Messages in the intake queue from which on nothing is added: what seems to be lost may wait there."""


class Lanes(Protocol):
    """The ops' lanes."""

    def health(self) -> dict[str, OpStatus]: ...
    def backlogs(self, computes: Mapping[str, Compute]) -> dict[str, Backlog]: ...


class Uploads(Protocol):
    """The uploads bucket."""

    def find(self, key: str) -> ObjectCreated | None: ...


class Intake(Protocol):
    """The coordinator's queue."""

    def retry(self, command: RepublishTasks | ReleaseTasks) -> None: ...
    def again(self, body: str) -> None: ...
    def waiting(self) -> int: ...


class Swept(msgspec.Struct):
    """The ids of the jobs for which a run did something."""

    recounted: list[str] = []
    published: list[str] = []
    failed: list[str] = []
    planned: list[str] = []
    released: list[str] = []


class Sweeper(msgspec.Struct, frozen=True, kw_only=True):
    """One run a minute. A pass through all unfinished jobs may take several runs, and begins again after a while."""

    counters: Counters
    ledger: Ledger
    lanes: Lanes
    uploads: Uploads
    intake: Intake
    catalogue: Catalogue
    logger: Logger
    silence: timedelta
    """How long a task or a job may show no sign of life before its message can be lost."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    timer: Callable[[], float] = time.monotonic

    def sweep(self) -> Swept:
        """Read on where the last run stopped, until the pass is complete or the time is over."""
        now, state, swept = self.clock(), self.ledger.sweeper_state(), Swept()
        if not self.ledger.unfinished(1):
            state = SweeperState()
        else:
            try:
                self._observe_lanes(state, stamp(now))
            except AWS_ERRORS:
                # What earlier runs saw still holds: it says up to when a lane had worked off its messages.
                self.logger.exception("lanes not observed")
            if state.after or state.began_at <= stamp(now - self.silence / 2):
                self._continue_pass(state, swept, now, self.timer() + _SECONDS)
        self.ledger.keep_sweeper_state(state)
        return swept

    def _observe_lanes(self, state: SweeperState, now: str) -> None:
        working = {op for op, status in self.lanes.health().items() if status != "paused"}
        computes = {lane: compute for lane, compute in self.catalogue.lanes.items() if lane in working}
        stats = self.counters.counted(FOREVER).forever
        state.lanes = {op: lane for op, lane in state.lanes.items() if op in computes} | {
            op: advanced(state.lanes.get(op), now, backlog, ended_tasks(stats, op), ordered=computes[op].ordered)
            for op, backlog in self.lanes.backlogs(computes).items()
        }

    def _continue_pass(self, state: SweeperState, swept: Swept, now: datetime, until: float) -> None:
        if state.after is None:
            state.began_at, state.found = stamp(now), {}
        lost = LostTasks(now, self.silence, state.lanes, self.catalogue)
        may_send = self.intake.waiting() < _INTAKE_IS_BEHIND
        while ids := self.ledger.unfinished(_JOBS_PER_PAGE, state.after):
            jobs, _ = self.counters.read(ids, [])
            # In the index's own order, by which the next page starts after the last job of this one.
            for job in filter(None, map(jobs.get, ids)):
                self._sweep_insistently(job, lost, state, swept, may_send=may_send)
                state.after = job.created_at, job.id
                if self.timer() > until:
                    return
            if len(ids) < _JOBS_PER_PAGE or not jobs:
                break
        state.after, state.waiting = None, state.found

    def _sweep_insistently(
        self, job: JobRecord, lost: LostTasks, state: SweeperState, swept: Swept, *, may_send: bool
    ) -> None:
        """Sweep a job again when one of its many calls fails: the next pass comes to it only after minutes."""
        for left in reversed(range(_TRIES)):
            try:
                self._sweep_job(job, lost, state, swept, may_send=may_send)
            except Exception as error:
                if left and isinstance(error, AWS_ERRORS):
                    continue
                # One job that cannot be read must not keep the sweeper from all others.
                self.logger.exception("job not swept", extra={"job_id": job.id, "trace_id": job.trace_id})
            return

    def _sweep_job(self, job: JobRecord, lost: LostTasks, state: SweeperState, swept: Swept, *, may_send: bool) -> None:
        is_quiet = job.updated_at < stamp(lost.now - lost.silence)
        if not job.planned:
            if is_quiet and may_send:
                self._plan_again(job, lost.now, swept)
            return
        for task in self.ledger.last_tasks(job.id, _LAST_TASKS):
            if task.status == "pending":
                state.found.setdefault(task.op, job.id)
        if not is_quiet:
            return
        tasks = list(self.ledger.all_tasks(job.id))
        if self._recounter.recount(job, tasks, lost.now):
            swept.recounted.append(job.id)
            return
        dead = {
            task.index: reason for task in tasks if task.status not in ENDED and (reason := lost.never_runs(job, task))
        }
        for task in tasks:
            if reason := dead.get(task.index):
                self.ledger.commit(task.command(), Outcome(status="failed", error=reason, finished_at=stamp(lost.now)))
        if dead:
            swept.failed.append(job.id)
        if may_send and waits_for_coordinator(take_next(job)):
            # The command was lost, or nothing will be counted that would take the next tasks.
            self.intake.retry(ReleaseTasks(job.id, job.trace_id))
            swept.released.append(job.id)
            return
        alive = [task for task in tasks if task.index not in dead]
        indices = lost.in_job(_as_sent(job, alive)) if may_send else []
        for command in RepublishTasks.several(job.id, indices, stamp(lost.now), job.trace_id):
            self.intake.retry(command)
        if indices:
            swept.published.append(job.id)

    def _plan_again(self, job: JobRecord, now: datetime, swept: Swept) -> None:
        """Send the event of the job's object again, if the object is there; else the job still waits for its upload."""
        is_kept = not job.expire_at or job.expire_at > now.timestamp()
        created = self.uploads.find(job.source) if job.source and is_kept else None
        if created:
            self.intake.again(event_of(created))
            swept.planned.append(job.id)

    @property
    def _recounter(self) -> Recounter:
        return Recounter(self.counters, self.ledger)


def _as_sent(job: JobRecord, tasks: list[TaskRecord]) -> list[TaskRecord]:
    """Return the tasks without the held ones. What a job with `max_in_flight` sent, it sent before its last change."""
    if job.max_in_flight is None:
        return tasks
    held = members(held_by(job, tasks))
    return [
        msgspec.structs.replace(task, queued_at=max(task.queued_at, job.updated_at))
        for task in tasks
        if task.index not in held
    ]
