"""Writes that start ended tasks over."""

from collections.abc import Iterable

import msgspec

from umbel_core.aws.dynamo import plain
from umbel_core.aws.keys import stopped_group_key, task_key
from umbel_core.aws.ledger_reads import LedgerReads
from umbel_core.clock import now
from umbel_core.ledger import TaskRecord


class LedgerRetry(LedgerReads):
    """The part of `umbel_core.ledger.Ledger` that opens the next round of tasks."""

    def reopen(self, job_id: str, indices: Iterable[int] | None, *, waiting: bool = False) -> list[TaskRecord]:
        statuses = {"failed", "skipped"} | ({"pending"} if waiting else set())
        wanted = None if indices is None else set(indices)
        tasks = (task for task in self.all_tasks(job_id) if wanted is None or task.index in wanted)
        current = (
            self._reopened(task) if task.status in statuses and not task.may_be_running else task for task in tasks
        )
        return [task for task in current if task.status == "pending"]

    def _reopened(self, task: TaskRecord) -> TaskRecord:
        if self._reopen(task):
            return msgspec.structs.replace(task, status="pending", round=task.round + 1)
        # The condition fails when the task was reopened already: by another caller, or by this very write when the SDK
        # repeated it because the first answer was lost.
        return self.task(task.job_id, task.index) or task

    def _reopen(self, task: TaskRecord) -> bool:
        update = self._table.update(
            task_key(task.job_id, task.index),
            "SET #status = :pending, queued_at = :now, attempts = :none, begun = :none, claimed_until = :none, "
            "transient_refusals = :none "
            "REMOVE #error, #result, started_at, finished_at, duration_ms, last_error, worker, received "
            "ADD #round :one, version :one",
            {
                ":pending": plain("pending"),
                ":failed": plain("failed"),
                ":skipped": plain("skipped"),
                ":now": plain(now()),
                ":none": plain(0),
                ":one": plain(1),
                ":round": plain(task.round),
            },
            condition="#status IN (:pending, :failed, :skipped) AND #round = :round",
            names=["status", "round", "error", "result"],
        )
        if not (task.stop_group and task.group):
            return self._table.write(update)
        stopped = stopped_group_key(task.job_id, task.group)
        return self._table.transact([{"Update": update}, {"Delete": {"TableName": self._table.name, "Key": stopped}}])
