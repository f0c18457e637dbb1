"""Plans and publishes the job of a new object. Each step may be repeated: the second time changes nothing."""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.clock import epoch, now
from umbel_core.contract.records import JobStatus
from umbel_core.cost import plan_cost_nano
from umbel_core.errors import Rejected
from umbel_core.group_order import CANCELLED, DEADLINE
from umbel_core.ids import INPUTS_PREFIX
from umbel_core.in_flight import hold, members, sent, sent_tasks, take_next
from umbel_core.intake_messages import ObjectCreated, find_job
from umbel_core.ledger import ErrorRecord, JobRecord, Ledger, Outcome, TaskRecord
from umbel_core.messages import JobCommand, ReleaseTasks, RepublishTasks, RetryTasks, RunTask
from umbel_core.recipes import Recipes, RecipeVariant, recipe_of
from umbel_core.settings import Limits, megabytes, too_large
from umbel_core.submission import read_submission, tasks_of
from umbel_core.trace import trace_id_of

_MANIFEST_BYTES = 8_000_000
_BYTES_PER_TASK = 1000
_MOST_BYTES = 64_000_000
"""A manifest is decoded in memory, so its size is limited: 8 MB plus 1 kB for each task that a job may have."""


class Uploads(Protocol):
    """The uploads bucket, as the coordinator uses it."""

    def read(self, key: str, etag: str, version: str) -> bytes:
        """Return a manifest's bytes; raise `Rejected` when it was removed or replaced, or S3 refuses to read it."""

    def write(self, key: str, data: bytes) -> None:
        """Store a picture that came inside a manifest."""


class Tasks(Protocol):
    """Where tasks are published."""

    def publish(self, commands: Iterable[RunTask]) -> int:
        """Publish all tasks; return their number."""


class Planner(msgspec.Struct, frozen=True):
    """The coordinator's work on one message."""

    ledger: Ledger
    uploads: Uploads
    tasks: Tasks
    catalogue: Catalogue
    recipes: Recipes
    limits: Limits
    begin: Callable[[str, str], object] = lambda job_id, trace_id: None  # noqa: ARG005 - named for the reader
    """Called with the ids of the job and of its trace as soon as they are known."""

    def take(self, created: ObjectCreated | JobCommand, trace_id: str = "") -> tuple[str, int]:
        """Plan and publish; return the job's id and the number of published tasks.

        `trace_id` is that of the message; a job that has none yet gets it, or one of its own.
        """
        if isinstance(created, RetryTasks):
            self.begin(created.job_id, created.trace_id)
            return created.job_id, self._publish(self._started_over(created))
        if isinstance(created, RepublishTasks):
            self.begin(created.job_id, created.trace_id)
            lost = self.ledger.republish(created.job_id, created.indices, created.before)
            return created.job_id, self._publish(lost)
        if isinstance(created, ReleaseTasks):
            self.begin(created.job_id, created.trace_id)
            return created.job_id, self._release(created.job_id)
        job, is_stored = find_job(created, self.ledger)
        if not is_stored and created.is_manifest and (stored := self.ledger.job(job.id)):
            # Planned without this look, a manifest that is delivered again would be read and written before it is seen.
            job, is_stored = stored, True
        job.trace_id = job.trace_id or trace_id or trace_id_of(job.id)
        self.begin(job.id, job.trace_id)
        moment = time.time()
        plan = None if job.planned else self._planned(created, job, only_new=not is_stored)
        if plan is None:
            # Planned by an earlier delivery, which may have ended before it published: publish all pending tasks again.
            return job.id, self._publish(self._sent_tasks(job.id))
        tasks, status = plan
        return job.id, self._publish(tasks, None if status == "cancelled" else moment)

    def _planned(
        self, created: ObjectCreated, job: JobRecord, *, only_new: bool
    ) -> tuple[list[TaskRecord], JobStatus] | None:
        """Plan a job; return its tasks that are sent first, and its status.

        Return None when another delivery planned it first.

        With `only_new`, the job was not looked for: that it exists shows when the write is refused.
        """
        # The job of a redriven message may have an earlier error; the new version makes subscribers drop it.
        status: JobStatus = "cancelled" if job.status == "cancelled" else "pending"
        job = msgspec.structs.replace(job, status=status, errors=[], version=job.version + 1)
        try:
            tasks = self._manifest(created, job) if created.is_manifest else self._picture(created, job)
        except Rejected as error:
            tasks = []
            job.status = "failed" if status == "pending" else status
            job.errors = [ErrorRecord.of(error)]
        job.planned = True
        job.total = len(tasks)
        hold(job, len(tasks))
        job.cost_nano = plan_cost_nano(len(tasks))
        for task in tasks:
            task.trace_id = job.trace_id
        if self.ledger.plan(job, tasks, only_new=only_new):
            return tasks[: job.max_in_flight], status
        there = self.ledger.job(job.id)
        if there and not there.planned:  # given up by an earlier delivery, or cancelled in between
            there.trace_id = there.trace_id or job.trace_id
            return self._planned(created, there, only_new=False)
        return None

    def _started_over(self, command: RetryTasks) -> list[TaskRecord]:
        """Start tasks over; return them and, with new messages, those that wait behind them in their group.

        The older messages of these would be delivered first, and wait for a task whose message is behind them.

        Of a job with `max_in_flight`, nothing is returned: the relay counts what has started over, and then takes the
        next tasks. Those that wait behind start over too, so that they are sent after the ones before them.
        """
        reopened = self.ledger.reopen(command.job_id, command.indices, waiting=command.waiting)
        again = {task.index: task for task in reopened if task.round}
        groups = {task.group for task in again.values() if task.op in self.catalogue.ordered and task.group is not None}
        job = self.ledger.job(command.job_id)
        if job and job.max_in_flight:
            self._start_behind_over(job.id, groups)
            return []
        if groups:
            pending = self.ledger.all_tasks(command.job_id, "pending")
            behind = [task.index for task in pending if task.group in groups and task.index not in again]
            again |= {task.index: task for task in self.ledger.republish(command.job_id, behind, now())}
        return [again[index] for index in sorted(again)]

    def _start_behind_over(self, job_id: str, groups: set[str]) -> None:
        """Start over what waits in these groups behind their first task that started over.

        In flight, it would wait for a task that is held until something else has ended.
        """
        first: dict[str, int] = {}
        behind = []
        for task in self.ledger.all_tasks(job_id, "pending") if groups else ():
            if task.group in first:
                behind.append(task.index)
            elif task.group in groups and task.round:
                first[task.group] = task.index
        if behind:
            self.ledger.reopen(job_id, behind, waiting=True)

    def _sent_tasks(self, job_id: str) -> Iterable[TaskRecord]:
        """Return the pending tasks of a job, but of one with `max_in_flight` only those that its plan sent."""
        job, pending = self.ledger.job(job_id), self.ledger.all_tasks(job_id, "pending")
        if job is None or job.max_in_flight is None:
            return pending
        return sent_tasks(job, (task for task in pending if not task.round))

    def _release(self, job_id: str) -> int:
        """Publish what a job sends until it sends nothing more; return the number of published tasks.

        Skip the tasks that it holds when their messages would only be skipped by workers, a few at a time.
        """
        published, is_late = 0, False
        job = self.ledger.job(job_id)
        if job and (following := take_next(job)) is not job:
            job = self.ledger.set_sending(following) or self.ledger.job(job_id)
        while job and job.sending:
            found = self.ledger.tasks_at(job_id, members(job.sending))
            pending = [task for task in found if task.status == "pending"]
            published += self._publish(pending)
            is_late = is_late or any(task.command().is_late(epoch()) for task in pending)
            job = self._after_sending(job)
        if job and job.held and (is_late or job.status == "cancelled"):
            self._skip_held(job_id)
        return published

    def _after_sending(self, job: JobRecord) -> JobRecord | None:
        """Write that what the job was sending is published, and what it sends next; return the job."""
        there: JobRecord | None = job
        while there and there.sending == job.sending:
            if written := self.ledger.set_sending(sent(there)):
                return written
            there = self.ledger.job(job.id)  # the relay counted in between
        return there

    def _skip_held(self, job_id: str) -> None:
        """Skip the held tasks of a job that was cancelled or whose deadline has passed.

        The tasks are read before the job: if it is retried in between, they are in another round and not skipped.
        """
        pending = list(self.ledger.all_tasks(job_id, "pending"))
        job = self.ledger.job(job_id)
        if job is None:
            return
        held = members(job.held)
        for task in pending:
            command = task.command()
            if task.index in held and (job.status == "cancelled" or command.is_late(epoch())):
                reason = ErrorRecord(*(CANCELLED if job.status == "cancelled" else DEADLINE))
                self.ledger.commit(command, Outcome(status="skipped", error=reason, finished_at=now()))

    def _publish(self, tasks: Iterable[TaskRecord], planned_at: float | None = None) -> int:
        return self.tasks.publish(
            msgspec.structs.replace(task.command(), planned_at=planned_at) if planned_at else task.command()
            for task in tasks
        )

    def _picture(self, created: ObjectCreated, job: JobRecord) -> list[TaskRecord]:
        if job.asked:
            variants = {job.asked.op: RecipeVariant(job.asked.op, job.asked.params, job.priority)}
        else:
            job.recipe = recipe_of(created.key, self.recipes)
            variants = self.recipes[job.recipe]
            first = next(iter(variants.values()))
            job.priority, job.max_in_flight = first.priority, first.max_in_flight
        if created.size == 0:
            raise Rejected("empty_file", "The file is empty: it has zero bytes. Upload it again.")
        if created.size > self.limits.max_upload_bytes:
            raise too_large(created.size, self.limits.max_upload_bytes)
        moment = now()
        return [
            TaskRecord(
                job_id=job.id,
                index=index,
                op=variant.op,
                variant=name,
                input=created.key,
                params=variant.params,
                etag=created.etag or None,
                object_version=created.version or None,
                priority=variant.priority,
                fused=variant.fuse,
                queued_at=moment,
            )
            for index, (name, variant) in enumerate(variants.items())
        ]

    def _manifest(self, created: ObjectCreated, job: JobRecord) -> list[TaskRecord]:
        most = min(_MANIFEST_BYTES + _BYTES_PER_TASK * self.limits.max_tasks, _MOST_BYTES)
        if created.size > most:
            size = megabytes(created.size)
            raise Rejected("too_large", f"The manifest has {size}; at most {megabytes(most)} are taken. Split it.")
        submission = read_submission(
            self.uploads.read(created.key, created.etag, created.version), self.catalogue, self.limits
        )
        job.kind = submission.kind
        job.name = submission.name or job.name
        job.on_error = submission.on_error
        job.priority = submission.priority
        job.max_in_flight = submission.max_in_flight
        specs = submission.specs
        if submission.picture is not None:
            key = f"{INPUTS_PREFIX}{job.id}"
            self.uploads.write(key, submission.picture)
            job.asked = msgspec.structs.replace(specs[0], input=key)
            specs = [job.asked]
        return tasks_of(
            job.id,
            specs,
            now(),
            self.catalogue.ordered,
            submission.on_error,
            shared=submission.shared,
            deadline=submission.deadline_seconds and epoch() + submission.deadline_seconds,
            priority=submission.priority,
        )
