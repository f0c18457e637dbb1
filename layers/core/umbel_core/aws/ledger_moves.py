"""Writes that move a task or a job to another status. Each has a condition on the status that it leaves."""

from typing import TYPE_CHECKING, Any

import msgspec

from umbel_core.aws.dynamo import attribute, plain
from umbel_core.aws.keys import ALL_JOBS, cancelled_key, job_key, stopped_group_key, taken_key, task_key
from umbel_core.aws.ledger_reads import LedgerReads
from umbel_core.clock import epoch, now
from umbel_core.contract.records import JobStatus
from umbel_core.ledger import OPEN, JobRecord, Outcome, TaskRecord, stopped_by
from umbel_core.messages import RunTask

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UpdateTypeDef

_MESSAGE_SECONDS = 14 * 86_400
"""No message stays longer in its queue, so the mark of a cancelled job is not needed longer."""
_ERROR_CHARACTERS = 1000


class LedgerMoves(LedgerReads):
    """The part of `umbel_core.ledger.Ledger` that moves tasks and jobs."""

    def start(self, task: RunTask, attempts: int, started_at: str) -> bool:
        return self._table.write(
            self._task_update(task, {"status": "running", "attempts": attempts, "started_at": started_at})
        )

    def record_error(self, task: RunTask, attempts: int, reason: str, *, transient: bool = False) -> None:
        counters = ["transient_refusals"] if transient else []
        changes = {"attempts": attempts, "last_error": reason[:_ERROR_CHARACTERS]}
        self._table.write(self._task_update(task, changes, *counters))

    def commit(self, task: RunTask, outcome: Outcome) -> bool:
        """Write the outcome; a failure stops its group in the same transaction, before the next task can start."""
        changes = {name: value for name, value in msgspec.structs.asdict(outcome).items() if value is not None}
        update = self._task_update(task, changes)
        if not (task.stop_group and task.group and outcome.status == "failed"):
            return self._table.write(update)
        stop = self._table.update(
            stopped_group_key(task.job_id, task.group),
            "SET reason = :reason, expire_at = :expiry",
            {":reason": plain(stopped_by(task, outcome.error)), ":expiry": plain(self._expiry())},
        )
        return self._table.transact([{"Update": update}, {"Update": stop}])

    def _task_update(self, task: RunTask, changes: dict[str, Any], *counters: str) -> "UpdateTypeDef":
        """Return the update of a task that has not ended, in the round that the message belongs to."""
        assignments = ", ".join(f"#{name} = :{name}" for name in changes)
        additions = ", ".join(f"{name} :one" for name in ("version", *counters))
        return self._table.update(
            task_key(task.job_id, task.index),
            f"SET {assignments} ADD {additions}",
            {
                **{f":{name}": attribute(TaskRecord, name, value) for name, value in changes.items()},
                ":one": plain(1),
                ":is_pending": plain("pending"),
                ":is_running": plain("running"),
                ":in_round": plain(task.round),
            },
            condition="#status IN (:is_pending, :is_running) AND #round = :in_round",
            names={*changes, "status", "round"},
        )

    def take_next(self, job_id: str) -> int:
        update = self._table.update(
            taken_key(job_id),
            "SET expire_at = :expiry ADD taken :one",
            {":expiry": plain(epoch() + _MESSAGE_SECONDS), ":one": plain(1)},
        )
        return int(
            self._table.client.update_item(**update, ReturnValues="UPDATED_OLD")
            .get("Attributes", {})
            .get("taken", {"N": "0"})["N"]
        )

    def cancel(self, job_id: str) -> JobRecord | None:
        found = self.job(job_id)
        if found is None or found.ended:
            return found
        mark = {**cancelled_key(job_id), "expire_at": plain(epoch() + _MESSAGE_SECONDS)}
        self._table.transact([self._job_update(job_id, OPEN, "cancelled"), {"Put": self._table.put(mark)}])
        return self.job(job_id)

    def resume(self, job_id: str) -> None:
        mark: TransactWriteItemTypeDef = {"Delete": {"TableName": self._table.name, "Key": cancelled_key(job_id)}}
        self._table.transact([self._job_update(job_id, ("cancelled", "failed"), "pending"), mark])

    def _job_update(self, job_id: str, old: tuple[JobStatus, ...], new: JobStatus) -> "TransactWriteItemTypeDef":
        """Return the update of a job from one of the `old` statuses to the new one, in which it has open tasks."""
        allowed = {f":old{place}": plain(status) for place, status in enumerate(old)}
        update = self._table.update(
            job_key(job_id),
            "SET #status = :new, updated_at = :now, unfinished = :jobs ADD version :one",
            {":new": plain(new), ":now": plain(now()), ":one": plain(1), ":jobs": ALL_JOBS, **allowed},
            condition=f"#status IN ({', '.join(allowed)})",
            names=["status"],
        )
        return {"Update": update}
