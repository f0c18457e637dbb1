"""Reads of jobs and tasks."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from umbel_core.aws.dynamo import plain, record
from umbel_core.aws.gathering import gather
from umbel_core.aws.keys import (
    BY_TIME,
    FAILED,
    TASK,
    UNFINISHED,
    cancelled_key,
    creation,
    job_id_in,
    job_key,
    job_partition,
    stopped_group_key,
    task_key,
)
from umbel_core.aws.ledger_table import LedgerTable
from umbel_core.aws.pages import cursor_at, page, place_in
from umbel_core.ids import JOB_ID
from umbel_core.ledger import OPEN, JobRecord, TaskRecord

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

    def tasks_at(self, job_id: str, indices: Iterable[int]) -> list[TaskRecord]:
        found = self._table.get_many(task_key(job_id, index) for index in indices)
        return sorted((record(TaskRecord, entry) for entry in found), key=lambda task: task.index)

    def last_tasks(self, job_id: str, limit: int) -> list[TaskRecord]:
        found, _ = self._table.read(self._tasks_of(job_id, backwards=True), limit)
        return [record(TaskRecord, entry) for entry in found]

    def jobs(
        self, limit: int, cursor: str | None, status: str | None = None, kind: str | None = None
    ) -> tuple[list[JobRecord], str | None]:
        index = FAILED if status == "failed" else UNFINISHED if status in OPEN else BY_TIME
        wanted = {"status": status if "status" in index.copied else None, "kind": kind}
        after = place_in(cursor) if cursor else None
        found, position = gather(self._table, index, limit, after, backwards=True, equal=wanted)
        records = {
            entry["pk"]["S"]: entry for entry in self._table.get_many(job_key(job_id_in(each)) for each in found)
        }
        there = (record(JobRecord, records[key]) for each in found if (key := each["pk"]["S"]) in records)
        # An index may be some milliseconds behind the records.
        jobs = [job for job in there if status in (None, job.status) and kind in (None, job.kind)]
        return jobs, cursor_at(position) if position else None

    def unfinished(self, limit: int, after: tuple[str, str] | None = None) -> list[str]:
        found, _ = gather(self._table, UNFINISHED, limit, creation(*after) if after else None)
        return [job_id_in(entry) for entry in found]

    def stopped(self, job_id: str, group: str) -> str | None:
        found = self._table.get(stopped_group_key(job_id, group))
        return found["reason"]["S"] if found else None

    def cancelled(self, job_ids: Iterable[str]) -> frozenset[str]:
        # Consistent: a retry removes a job's mark just before it publishes the tasks.
        return frozenset(job_id_in(mark) for mark in self._table.get_many(map(cancelled_key, job_ids)))

    def _tasks_of(self, job_id: str, *, consistent: bool = False, backwards: bool = False) -> "QueryInputTypeDef":
        values = {":pk": plain(job_partition(job_id)), ":task": plain(TASK)}
        condition = "pk = :pk AND begins_with(sk, :task)"
        return self._table.query(condition, values, consistent=consistent, backwards=backwards)
