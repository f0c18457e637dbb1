"""Reads of jobs and tasks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from umbel_core.aws.dynamo import Item, plain, record
from umbel_core.aws.keys import (
    ALL_JOBS,
    BY_TIME,
    CANCELLED,
    TASK,
    UNFINISHED,
    job_id_in,
    job_key,
    job_partition,
    stopped_group_key,
    task_key,
)
from umbel_core.aws.ledger_table import LedgerTable
from umbel_core.aws.pages import page
from umbel_core.ids import JOB_ID
from umbel_core.ledger import JobRecord, TaskRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

_TASKS_PER_PAGE = 500


class LedgerReads(LedgerTable):
    """The part of `umbel_core.ledger.Ledger` that changes nothing."""

    def job(self, job_id: str) -> JobRecord | None:
        # Callers may pass any text here, and DynamoDB refuses keys of more than 2 kB.
        found = self._table.get(job_key(job_id)) if JOB_ID.fullmatch(job_id) else None
        return record(JobRecord, found) if found else None

    def task(self, job_id: str, index: int) -> TaskRecord | None:
        found = self._table.get(task_key(job_id, index))
        return record(TaskRecord, found) if found else None

    def tasks(
        self, job_id: str, status: str | None, limit: int, cursor: str | None
    ) -> tuple[list[TaskRecord], str | None]:
        query = self._tasks_of(job_id, consistent=True)
        found, after = page(self._table, query, limit, cursor, {"status": status})
        return [record(TaskRecord, entry) for entry in found], after

    def all_tasks(self, job_id: str, status: str | None = None) -> Iterator[TaskRecord]:
        cursor: str | None = None
        while True:
            tasks, cursor = self.tasks(job_id, status, _TASKS_PER_PAGE, cursor)
            yield from tasks
            if cursor is None:
                return

    def last_tasks(self, job_id: str, limit: int) -> list[TaskRecord]:
        found, _ = self._table.read(self._tasks_of(job_id, backwards=True), limit)
        return [record(TaskRecord, entry) for entry in found]

    def jobs(
        self, limit: int, cursor: str | None, status: str | None = None, kind: str | None = None
    ) -> tuple[list[JobRecord], str | None]:
        query = self._table.query("listed = :jobs", {":jobs": ALL_JOBS}, index=BY_TIME, backwards=True)
        found, after = page(self._table, query, limit, cursor, {"status": status, "kind": kind})
        return [record(JobRecord, entry) for entry in found], after

    def unfinished(self, limit: int, after: tuple[str, str] | None = None) -> list[str]:
        query = self._table.query("unfinished = :jobs", {":jobs": ALL_JOBS}, index=UNFINISHED)
        start: Item | None = None
        if after:
            created_at, job_id = after
            start = {**job_key(job_id), "unfinished": ALL_JOBS, "created_at": plain(created_at)}
        found, _ = self._table.read(query, limit, start)
        return [job_id_in(entry) for entry in found]

    def stopped(self, job_id: str, group: str) -> str | None:
        found = self._table.get(stopped_group_key(job_id, group))
        return found["reason"]["S"] if found else None

    def cancelled(self) -> frozenset[str]:
        # Consistent: a retry removes a job's mark just before it publishes the tasks.
        query = self._table.query("pk = :pk", {":pk": CANCELLED}, consistent=True)
        return frozenset(entry["sk"]["S"] for entry in self._table.read_all(query))

    def _tasks_of(self, job_id: str, *, consistent: bool = False, backwards: bool = False) -> "QueryInputTypeDef":
        values = {":pk": plain(job_partition(job_id)), ":task": plain(TASK)}
        condition = "pk = :pk AND begins_with(sk, :task)"
        return self._table.query(condition, values, consistent=consistent, backwards=backwards)
