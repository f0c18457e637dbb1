"""The ledger in one DynamoDB table, whose keys are in `umbel_core.aws.keys`."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from secrets import randbelow
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import Item, attribute, has_code, item, plain, record
from umbel_core.aws.keys import (
    ALL_JOBS,
    BY_TIME,
    CANCELLED,
    TASK,
    UNFINISHED,
    cancelled_key,
    dead_letter_key,
    dead_letter_partition,
    deployed_ops_key,
    event_key,
    job_id_in,
    job_key,
    job_partition,
    planned_key,
    stopped_group_key,
    task_key,
)
from umbel_core.aws.pages import page
from umbel_core.clock import epoch, now
from umbel_core.ids import JOB_ID
from umbel_core.ledger import OPEN, DeadLetter, Event, Job, Outcome, Task, stopped_by
from umbel_core.messages import RunTask

TRANSACTION = 100
"""DynamoDB takes this many writes in one transaction."""
_SIDE_BY_SIDE = 4
_BUSY = {"ThrottlingError", "ProvisionedThroughputExceeded", "TransactionConflict"}
"""Reasons of a cancelled transaction that pass by themselves."""
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
_WITH_JOB = TRANSACTION - 2
"""Beside the job's own record and what is counted of it, so many tasks have room."""
COUNTER_SHARDS = 16
"""What is counted is kept in so many places: two functions that count rarely write the same record."""
_EVENT_SECONDS = 86_400
_QUEUED_SECONDS = 14 * 86_400
"""A message stays in its queue for no longer, so a cancelled job need not be remembered for longer."""
_STATE = {"#status": "status", "#round": "round"}


class DynamoLedger:
    """`umbel_core.ledger.Ledger` on a table. Every write that moves a state is conditional on the state it leaves."""

    def __init__(self, dynamodb: Any, table: str, retention_days: int) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._retention = retention_days * 86_400
        self._shard = randbelow(COUNTER_SHARDS)

    def expect(self, job: Job) -> None:
        # The id is new. A condition would refuse the SDK's second try, where the answer to the first was lost.
        self._dynamodb.put_item(TableName=self._table, Item=self._job_item(job))

    def plan(self, job: Job, tasks: Sequence[Task]) -> bool:
        """The job's own record is the last write: a job that says it is planned has all its tasks."""
        job.expire_at = self._expiry()
        alone = len(tasks) - len(tasks) % _WITH_JOB

        def write(start: int) -> None:
            # A transaction that is refused was written by an earlier try of the same plan; only the last one decides.
            self._transact(
                [self._new_task(task, job, "attribute_not_exists(pk)") for task in tasks[start : start + _WITH_JOB]]
            )

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            list(pool.map(write, range(0, alone, _WITH_JOB)))
        # A cancellation that the plan knows nothing of is not overwritten.
        is_cancelled = "=" if job.status == "cancelled" else "<>"
        announced = self._put(
            self._job_item(job), f"attribute_not_exists(pk) OR (planned = :no AND #status {is_cancelled} :cancelled)"
        )
        announced["Put"]["ExpressionAttributeNames"] = {"#status": "status"}
        announced["Put"]["ExpressionAttributeValues"] = {":no": plain(value=False), ":cancelled": plain("cancelled")}
        # Tasks in the transaction that writes the job's own record need no condition of their own.
        last = [self._new_task(task, job, None) for task in tasks[alone:]]
        return self._transact([*last, announced, *self._planned(tasks)])

    def _new_task(self, task: Task, job: Job, condition: str | None) -> dict[str, Any]:
        task.expire_at = job.expire_at
        return self._put({**task_key(task.job_id, task.index), **item(task)}, condition)

    def _planned(self, tasks: Sequence[Task]) -> Iterator[dict[str, Any]]:
        """The write that counts planned tasks, op by op."""
        counts = Counter(task.op for task in tasks)
        if not counts:
            return
        places = list(enumerate(counts.items()))
        yield {
            "Update": {
                "TableName": self._table,
                "Key": planned_key(self._shard),
                "UpdateExpression": "ADD " + ", ".join(f"#{place} :{place}" for place, _ in places),
                "ExpressionAttributeNames": {f"#{place}": op for place, (op, _) in places},
                "ExpressionAttributeValues": {f":{place}": plain(count) for place, (_, count) in places},
            }
        }

    def commit(self, task: RunTask, outcome: Outcome) -> bool:
        """A failure that stops its group says so in the same breath: the next task cannot slip in between."""
        values = {name: getattr(outcome, name) for name in outcome.__struct_fields__}
        update = self._move(task, {name: value for name, value in values.items() if value is not None})
        if not (task.stop_group and task.group and outcome.status == "failed"):
            return self._write(update)
        reason = stopped_by(task, outcome.error)
        stop = {
            "TableName": self._table,
            "Key": stopped_group_key(task.job_id, task.group),
            "UpdateExpression": "SET reason = :reason, expire_at = :expiry",
            "ExpressionAttributeValues": {":reason": plain(reason), ":expiry": plain(self._expiry())},
        }
        return self._transact([{"Update": update}, {"Update": stop}])

    def stopped(self, job_id: str, group: str) -> str | None:
        key = stopped_group_key(job_id, group)
        found = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return str(found["reason"]["S"]) if found else None

    def start(self, task: RunTask, attempts: int, started_at: str) -> bool:
        return self._write(self._move(task, {"status": "running", "attempts": attempts, "started_at": started_at}))

    def record_error(self, task: RunTask, attempts: int, reason: str, *, transient: bool = False) -> None:
        counted = ["transient_refusals"] if transient else []
        self._write(self._move(task, {"attempts": attempts, "last_error": reason[:1000]}, *counted))

    def _move(self, task: RunTask, changes: dict[str, Any], *counted: str) -> dict[str, Any]:
        """The write that changes a task that has not ended, in the round that the message belongs to."""
        names = {f"#{name}": name for name in changes}
        values = {f":{name}": attribute(Task, name, value) for name, value in changes.items()}
        assignments = ", ".join(f"#{name} = :{name}" for name in changes)
        additions = ", ".join(f"{name} :one" for name in ("version", *counted))
        return {
            "TableName": self._table,
            "Key": task_key(task.job_id, task.index),
            "UpdateExpression": f"SET {assignments} ADD {additions}",
            "ConditionExpression": "#status IN (:is_pending, :is_running) AND #round = :in_round",
            "ExpressionAttributeNames": {**names, **_STATE},
            "ExpressionAttributeValues": {
                **values,
                ":one": plain(1),
                ":is_pending": plain("pending"),
                ":is_running": plain("running"),
                ":in_round": plain(task.round),
            },
        }

    def _write(self, update: dict[str, Any]) -> bool:
        try:
            self._dynamodb.update_item(**update)
        except ClientError as error:
            if has_code(error, "ConditionalCheckFailedException"):
                return False
            raise
        return True

    def job(self, job_id: str) -> Job | None:
        if not JOB_ID.fullmatch(job_id):  # a caller's word, of any length; DynamoDB takes keys of 2 kB
            return None
        found = self._dynamodb.get_item(TableName=self._table, Key=job_key(job_id), ConsistentRead=True).get("Item")
        return record(Job, found) if found else None

    def task(self, job_id: str, index: int) -> Task | None:
        key = task_key(job_id, index)
        found = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return record(Task, found) if found else None

    def tasks(self, job_id: str, status: str | None, limit: int, cursor: str | None) -> tuple[list[Task], str | None]:
        query = {
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :task)",
            "ExpressionAttributeValues": {":pk": plain(job_partition(job_id)), ":task": plain(TASK)},
            "ConsistentRead": True,
        }
        found, after = page(self._dynamodb, self._table, query, limit, cursor, {"status": status})
        return [record(Task, entry) for entry in found], after

    def jobs(
        self, limit: int, cursor: str | None, status: str | None = None, kind: str | None = None
    ) -> tuple[list[Job], str | None]:
        query = {
            "IndexName": BY_TIME,
            "KeyConditionExpression": "listed = :listed",
            "ExpressionAttributeValues": {":listed": ALL_JOBS},
            "ScanIndexForward": False,
        }
        found, after = page(self._dynamodb, self._table, query, limit, cursor, {"status": status, "kind": kind})
        return [record(Job, entry) for entry in found], after

    def unfinished(self, limit: int) -> list[str]:
        query = {
            "IndexName": UNFINISHED,
            "KeyConditionExpression": "unfinished = :yes",
            "ExpressionAttributeValues": {":yes": ALL_JOBS},
        }
        found = self._dynamodb.query(TableName=self._table, Limit=limit, **query)["Items"]
        return [job_id_in(entry) for entry in found]

    def last_tasks(self, job_id: str, limit: int) -> list[Task]:
        query = {
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :task)",
            "ExpressionAttributeValues": {":pk": plain(job_partition(job_id)), ":task": plain(TASK)},
            "ScanIndexForward": False,
        }
        found = self._dynamodb.query(TableName=self._table, Limit=limit, **query)["Items"]
        return [record(Task, entry) for entry in found]

    def cancel(self, job_id: str) -> Job | None:
        found = self.job(job_id)
        if found is None or found.ended:
            return found
        mark = {**cancelled_key(job_id), "expire_at": plain(epoch() + _QUEUED_SECONDS)}
        self._transact([self._turn(job_id, ("pending", "running"), "cancelled"), self._put(mark, None)])
        return self.job(job_id)

    def resume(self, job_id: str) -> None:
        mark = {"Delete": {"TableName": self._table, "Key": cancelled_key(job_id)}}
        self._transact([self._turn(job_id, ("cancelled", "failed"), "pending"), mark])

    def _turn(self, job_id: str, old: tuple[str, ...], new: str) -> dict[str, Any]:
        """The write that moves a job from one of the `old` states to the new one."""
        allowed = {f":old{place}": plain(status) for place, status in enumerate(old)}
        is_open = {":jobs": ALL_JOBS} if new in OPEN else {}
        listed = ", unfinished = :jobs" if is_open else " REMOVE unfinished"
        return {
            "Update": {
                "TableName": self._table,
                "Key": job_key(job_id),
                "UpdateExpression": f"SET #status = :new, updated_at = :now{listed} ADD version :one",
                "ConditionExpression": f"#status IN ({', '.join(allowed)})",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {
                    ":new": plain(new),
                    ":now": plain(now()),
                    ":one": plain(1),
                    **allowed,
                    **is_open,
                },
            }
        }

    def cancelled(self) -> frozenset[str]:
        query = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": CANCELLED},
            "ProjectionExpression": "sk",
            # Who retries a job has taken its mark away just before its tasks come.
            "ConsistentRead": True,
        }
        return frozenset(entry["sk"]["S"] for entry in self._all(query))

    def reopen(self, job_id: str, indices: Iterable[int] | None, *, waiting: bool = False) -> list[Task]:
        anew = {"failed", "skipped"} | ({"pending"} if waiting else set())
        wanted = None if indices is None else set(indices)
        reopened = []
        for task in self.all_tasks(job_id):
            if wanted is not None and task.index not in wanted:
                continue
            if task.status in anew:
                if self._reopen(task):
                    task = msgspec.structs.replace(task, status="pending", round=task.round + 1)  # noqa: PLW2901
                else:
                    # Reopened already: by somebody else, or by this very write, whose first answer was lost.
                    task = self.task(job_id, task.index) or task  # noqa: PLW2901
            if task.status == "pending":
                reopened.append(task)
        return reopened

    def _reopen(self, task: Task) -> bool:
        update = {
            "TableName": self._table,
            "Key": task_key(task.job_id, task.index),
            "UpdateExpression": "SET #status = :pending, queued_at = :now, attempts = :none, "
            "transient_refusals = :none, cost_nano = :none "
            "REMOVE #error, #result, started_at, finished_at, duration_ms, last_error, worker "
            "ADD #round :one, version :one",
            "ConditionExpression": "#status IN (:pending, :failed, :skipped) AND #round = :round",
            "ExpressionAttributeNames": {**_STATE, "#error": "error", "#result": "result"},
            "ExpressionAttributeValues": {
                ":pending": plain("pending"),
                ":failed": plain("failed"),
                ":skipped": plain("skipped"),
                ":now": plain(now()),
                ":none": plain(0),
                ":one": plain(1),
                ":round": plain(task.round),
            },
        }
        if not (task.stop_group and task.group):
            return self._write(update)
        go_on = {"Delete": {"TableName": self._table, "Key": stopped_group_key(task.job_id, task.group)}}
        return self._transact([{"Update": update}, go_on])

    def all_tasks(self, job_id: str, status: str | None = None) -> Iterator[Task]:
        """Every task of a job in order, a page at a time."""
        cursor: str | None = None
        while True:
            page, cursor = self.tasks(job_id, status, 500, cursor)
            yield from page
            if cursor is None:
                return

    def put_dead_letter(self, letter: DeadLetter) -> None:
        """Keep a message that was given up."""
        key = dead_letter_key(letter.op, letter.id)
        expiry = {"expire_at": plain(self._expiry())}
        self._dynamodb.put_item(TableName=self._table, Item={**key, **item(letter), **expiry})

    def dead_letters(self, op: str) -> list[DeadLetter]:
        """The op's messages that were given up and not redriven since."""
        query = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": plain(dead_letter_partition(op))},
            "ConsistentRead": True,
        }
        return [record(DeadLetter, entry) for entry in self._all(query)]

    def delete_dead_letter(self, letter: DeadLetter) -> None:
        """Forget a dead letter: it is on its way again."""
        self._dynamodb.delete_item(TableName=self._table, Key=dead_letter_key(letter.op, letter.id))

    def record_event(self, event: Event) -> None:
        key = event_key(event.at, event.id)
        expiry = {"expire_at": plain(epoch() + _EVENT_SECONDS)}
        self._dynamodb.put_item(TableName=self._table, Item={**key, **item(event), **expiry})

    def note_ops(self, ops: Iterable[str]) -> list[str] | None:
        """Remember which ops are deployed; those of the deployment before, or None when this is the first."""
        entry = {**deployed_ops_key(), "ops": {"L": [plain(op) for op in ops]}}
        kept = self._dynamodb.put_item(TableName=self._table, Item=entry, ReturnValues="ALL_OLD").get("Attributes")
        return [op["S"] for op in kept["ops"]["L"]] if kept else None

    def _job_item(self, job: Job) -> Item:
        job.expire_at = job.expire_at or self._expiry()
        return job_item(job)

    def _expiry(self) -> int:
        return epoch() + self._retention

    def _put(self, entry: Item, condition: str | None) -> dict[str, Any]:
        conditional = {"ConditionExpression": condition} if condition else {}
        return {"Put": {"TableName": self._table, "Item": entry, **conditional}}

    def _transact(self, writes: list[dict[str, Any]]) -> bool:
        """False when a condition refused it. The SDK does not try again what was cancelled for want of room: one
        partition takes a thousand writes a second, and a large plan has more.
        """
        pauses = iter(_PAUSES)
        while True:
            try:
                self._dynamodb.transact_write_items(TransactItems=writes)
            except ClientError as error:
                reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
                if has_code(error, "TransactionCanceledException") and "ConditionalCheckFailed" in reasons:
                    return False
                pause = next(pauses, None)
                if pause is None or not reasons & _BUSY:
                    raise
                time.sleep(pause)
            else:
                return True

    def _all(self, query: dict[str, Any]) -> Iterator[Item]:
        for answer in self._dynamodb.get_paginator("query").paginate(TableName=self._table, **query):
            yield from answer["Items"]


def job_item(job: Job) -> Item:
    """A job's record with the indexes that it is in."""
    is_open = {"unfinished": ALL_JOBS} if job.planned and job.status in OPEN else {}
    return {**job_key(job.id), "listed": ALL_JOBS, **is_open, **item(job)}
