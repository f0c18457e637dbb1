"""The sweeper's own record, and the write by which a task's message is sent again."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from umbel_core.aws.dynamo import item, plain, record
from umbel_core.aws.keys import sweep_key, task_key
from umbel_core.aws.ledger_reads import LedgerReads
from umbel_core.clock import now
from umbel_core.ledger import TaskRecord
from umbel_core.sweeper_state import SweeperState

_PARALLEL_WRITES = 8


class LedgerSweep(LedgerReads):
    """The part of `umbel_core.ledger.Ledger` that finds and publishes lost tasks."""

    def sweeper_state(self) -> SweeperState:
        found = self._table.get(sweep_key())
        return record(SweeperState, found) if found else SweeperState()

    def keep_sweeper_state(self, state: SweeperState) -> None:
        self._table.client.put_item(**self._table.put({**sweep_key(), **item(state)}))

    def republish(self, job_id: str, indices: Iterable[int], before: str) -> Iterator[TaskRecord]:
        wanted = set(indices)
        lost = [
            task
            for task in self.all_tasks(job_id)
            if task.index in wanted and (task.is_silent(before) or task.is_unsent(before))
        ]
        with ThreadPoolExecutor(_PARALLEL_WRITES) as pool:
            yield from filter(None, pool.map(partial(self._count_publication, before), lost))

    def _count_publication(self, before: str, task: TaskRecord) -> TaskRecord | None:
        """Write the publication, if it is not written yet; return None when the task moved in between."""
        if task.is_unsent(before):
            return task
        update = self._table.update(
            task_key(task.job_id, task.index),
            "SET published_at = :now, published_for = :before ADD publication :one, version :one",
            {
                ":now": plain(now()),
                ":before": plain(before),
                ":one": plain(1),
                ":pending": plain("pending"),
                ":running": plain("running"),
                ":round": plain(task.round),
                ":publication": plain(task.publication),
            },
            condition="#status IN (:pending, :running) AND #round = :round "
            "AND (attribute_not_exists(publication) OR publication = :publication)",
            names=["status", "round"],
        )
        written = self._table.write(update)
        return msgspec.structs.replace(task, publication=task.publication + 1) if written else None
