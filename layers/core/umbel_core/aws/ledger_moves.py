"""Writes that move a task or a job to another status. Each has a condition on the status that it leaves."""

from typing import TYPE_CHECKING, Any

import msgspec

from umbel_core.aws.dynamo import attribute, plain, record
from umbel_core.aws.keys import (
    cancelled_key,
    job_key,
    job_shard,
    repeated_key,
    stopped_group_key,
    taken_key,
    task_key,
)
from umbel_core.aws.ledger_reads import LedgerReads
from umbel_core.clock import epoch, now
from umbel_core.contract.records import JobStatus
from umbel_core.ledger import ENDED, NO_ANSWER, OPEN, AlreadyRunningError, JobRecord, Outcome, TaskRecord, stopped_by
from umbel_core.messages import RunTask
from umbel_core.op_stats import MINUTE_SECONDS, minute_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UpdateTypeDef

_MESSAGE_SECONDS = 14 * 86_400
"""No message stays longer in its queue, so the mark of a cancelled job is not needed longer."""
_ERROR_CHARACTERS = 1000


class LedgerMoves(LedgerReads):
    """The part of `umbel_core.ledger.Ledger` that moves tasks and jobs."""

    def begin(self, task: RunTask, claim: str, seconds: int, *, again: bool) -> TaskRecord | None:
        moment = epoch()
        update = self._task_update(task, {"claimed_by": claim, "claimed_until": moment + seconds}, begun=1, attempts=1)
        free = "(attribute_not_exists(claimed_until) OR claimed_until <= :moment)"
        update["ConditionExpression"] = f"{update['ConditionExpression']} AND {free}"
        update["ExpressionAttributeValues"] = {**update["ExpressionAttributeValues"], ":moment": plain(moment)}
        if again:
            cause = "SET last_error = if_not_exists(last_error, :cause), "
            update["UpdateExpression"] = update["UpdateExpression"].replace("SET ", cause, 1)
            update["ExpressionAttributeValues"] = {**update["ExpressionAttributeValues"], ":cause": plain(NO_ANSWER)}
        begun, there = self._table.write_and_return(update)
        if begun:
            return record(TaskRecord, begun)
        found = record(TaskRecord, there) if there else None
        if found is None or found.round != task.round or found.status in ENDED:
            return None
        if found.claimed_by == claim:  # by this very write: the SDK repeated it because the first answer was lost
            return found
        raise AlreadyRunningError(max(1, found.claimed_until - moment))

    def count_repeat(self, task: RunTask, cost_nano: int) -> None:
        period = minute_of(now())
        values = {":one": plain(1), ":period": plain(period), ":expiry": plain(epoch() + MINUTE_SECONDS)}
        expression = "SET period = :period, expire_at = :expiry ADD #op :one"
        self._table.write(
            self._table.update(repeated_key(period), expression.replace("#op", f"#{task.op}"), values, names=[task.op])
        )
        cost = {":cost": plain(cost_nano)}
        key = task_key(task.job_id, task.index)
        self._table.write(self._table.update(key, "ADD cost_nano :cost", cost, condition="attribute_exists(pk)"))

    def mark_received(self, task: RunTask) -> None:
        self._table.write(self._task_update(task, {"received": True}))

    def start(self, task: RunTask, attempts: int, started_at: str) -> bool:
        return self._table.write(
            self._task_update(task, {"status": "running", "attempts": attempts, "started_at": started_at})
        )

    def record_error(
        self, task: RunTask, attempts: int | None, reason: str, *, transient: bool = False, cost_nano: int = 0
    ) -> None:
        added = {"transient_refusals": int(transient), "cost_nano": cost_nano}
        changes: dict[str, Any] = {"last_error": reason[:_ERROR_CHARACTERS]}
        if attempts is not None:
            changes |= {"attempts": attempts, "begun": 0, "claimed_until": 0}
        self._table.write(self._task_update(task, changes, **added))

    def commit(self, task: RunTask, outcome: Outcome) -> bool:
        """Write the outcome; a failure stops its group in the same transaction, before the next task can start."""
        changes = {name: value for name, value in msgspec.structs.asdict(outcome).items() if value is not None}
        update = self._task_update(task, changes, cost_nano=changes.pop("cost_nano"))
        if not (task.stop_group and task.group and outcome.status == "failed"):
            return self._table.write(update)
        stop = self._table.update(
            stopped_group_key(task.job_id, task.group),
            "SET reason = :reason, expire_at = :expiry",
            {":reason": plain(stopped_by(task, outcome.error)), ":expiry": plain(self._expiry())},
        )
        return self._table.transact([{"Update": update}, {"Update": stop}])

    def _task_update(self, task: RunTask, changes: dict[str, Any], **added: int) -> "UpdateTypeDef":
        """Return the update of a task that has not ended, in the round that the message belongs to."""
        added = {"version": 1} | {name: number for name, number in added.items() if number}
        assignments = ", ".join(f"#{name} = :{name}" for name in changes)
        additions = ", ".join(f"{name} :plus_{name}" for name in added)
        return self._table.update(
            task_key(task.job_id, task.index),
            f"SET {assignments} ADD {additions}",
            {
                **{f":{name}": attribute(TaskRecord, name, value) for name, value in changes.items()},
                **{f":plus_{name}": plain(number) for name, number in added.items()},
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

    def set_sending(self, job: JobRecord) -> JobRecord | None:
        update = self._table.update(
            job_key(job.id),
            "SET held = :held, sending = :sending, updated_at = :now ADD version :one",
            {
                ":held": plain(job.held),
                ":sending": plain(job.sending),
                ":now": plain(now()),
                ":one": plain(1),
                ":version": plain(job.version),
            },
            condition="version = :version",
        )
        written, _ = self._table.write_and_return(update)
        return record(JobRecord, written) if written else None

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
            "SET #status = :new, updated_at = :now, unfinished_shard = :shard REMOVE failed_shard ADD version :one",
            {":new": plain(new), ":now": plain(now()), ":one": plain(1), ":shard": job_shard(job_id), **allowed},
            condition=f"#status IN ({', '.join(allowed)})",
            names=["status"],
        )
        return {"Update": update}
