"""Writes of new jobs and their tasks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from secrets import randbelow
from typing import TYPE_CHECKING

from umbel_core.aws.dynamo import item, plain
from umbel_core.aws.keys import STATS_SLOTS, TASK, job_key, job_partition, planned_key, task_key
from umbel_core.aws.ledger_table import LedgerTable, job_item
from umbel_core.aws.table import WRITES_PER_TRANSACTION
from umbel_core.ledger import JobRecord, TaskRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_TASKS_PER_TRANSACTION = WRITES_PER_TRANSACTION - 2
"""The last transaction also holds the job's record and the count of its tasks."""
_PARALLEL_TRANSACTIONS = 4
_TASKS_TOGETHER = _PARALLEL_TRANSACTIONS * _TASKS_PER_TRANSACTION


class LedgerPlan(LedgerTable):
    """The part of `umbel_core.ledger.Ledger` that adds jobs."""

    def expect(self, job: JobRecord) -> None:
        # A job that waits for its upload expires early.
        job.expire_at = job.expire_at or self._expiry()
        self._table.insert(self._table.put(job_item(job), condition="attribute_not_exists(pk)"))

    def claim(self, job_id: str, upload: str) -> bool:
        # A job that the version before planned has no `upload`.
        values = {":upload": plain(upload)}
        condition = "attribute_exists(pk) AND (attribute_not_exists(#upload) OR #upload = :upload)"
        return self._table.write(
            self._table.update(job_key(job_id), "SET #upload = :upload", values, condition=condition, names=["upload"])
        )

    def plan(self, job: JobRecord, tasks: Sequence[TaskRecord], *, only_new: bool = False) -> bool:
        """Write the tasks first and the job with the last of them: a job that is `planned` has all its tasks.

        A plan of many tasks goes on where an attempt stopped that was killed.
        """
        job.expire_at = self._expiry()
        last = len(tasks) - len(tasks) % _TASKS_PER_TRANSACTION

        def write(start: int) -> None:
            # A refusal means that an earlier try of the same plan wrote these tasks. Only the last transaction decides.
            chunk = tasks[start : start + _TASKS_PER_TRANSACTION]
            self._table.transact([self._new_task(task, job, "attribute_not_exists(pk)") for task in chunk])

        with ThreadPoolExecutor(_PARALLEL_TRANSACTIONS) as pool:
            for start in range(self._written(job.id) if last else 0, last, _TASKS_TOGETHER):
                # All of these are written before the next ones begin: `_written` relies on it.
                list(pool.map(write, range(start, min(start + _TASKS_TOGETHER, last), _TASKS_PER_TRANSACTION)))
        # The job's own condition protects the tasks in its transaction.
        planned = self._new_job(job) if only_new else self._planned_job(job)
        return self._table.transact(
            [*(self._new_task(task, job) for task in tasks[last:]), planned, *self._task_counts(tasks)]
        )

    def _new_job(self, job: JobRecord) -> "TransactWriteItemTypeDef":
        return {"Put": self._table.put(job_item(job), condition="attribute_not_exists(pk)")}

    def _written(self, job_id: str) -> int:
        """Return how many tasks of a job an earlier attempt certainly wrote."""
        query = self._table.query(
            "pk = :pk AND begins_with(sk, :task)",
            {":pk": plain(job_partition(job_id)), ":task": plain(TASK)},
            consistent=True,
            backwards=True,
        )
        found, _ = self._table.read(query, 1)
        index = int(found[0]["sk"]["S"].removeprefix(TASK)) if found else 0
        return index - index % _TASKS_TOGETHER

    def _planned_job(self, job: JobRecord) -> "TransactWriteItemTypeDef":
        """Return the write of a planned job. It must not overwrite a cancellation that `job` does not know of."""
        is_cancelled = "=" if job.status == "cancelled" else "<>"
        condition = f"attribute_not_exists(pk) OR (planned = :no AND #status {is_cancelled} :cancelled)"
        values = {":no": plain(value=False), ":cancelled": plain("cancelled")}
        return {"Put": self._table.put(job_item(job), condition=condition, values=values, names=["status"])}

    def _new_task(self, task: TaskRecord, job: JobRecord, condition: str = "") -> "TransactWriteItemTypeDef":
        task.expire_at = job.expire_at
        return {"Put": self._table.put({**task_key(task.job_id, task.index), **item(task)}, condition=condition)}

    def _task_counts(self, tasks: Sequence[TaskRecord]) -> "Iterator[TransactWriteItemTypeDef]":
        """Yield the write that adds the planned tasks of each op to the stats."""
        counts = Counter(task.op for task in tasks)
        if counts:
            expression = "ADD " + ", ".join(f"#{op} :{op}" for op in counts)
            values = {f":{op}": plain(count) for op, count in counts.items()}
            key = planned_key(randbelow(STATS_SLOTS))
            yield {"Update": self._table.update(key, expression, values, names=counts)}
