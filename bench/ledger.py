"""Measure what a list of jobs reads, and how well many relays count at the same time, without a pipeline.

    .venv/bin/python -m bench ledger --relays 32 --seconds 5

`before` is how it was done until decision 0023: one partition and a page's worth of entries for each query; sixteen
records for the op stats, one of which each relay chose at random. `of_ideal` compares what the relays count together
with as many times what one of them counts alone.
"""

import argparse
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from secrets import randbelow
from typing import Any, cast

import msgspec
from botocore.exceptions import ClientError

from bench.figures import keep
from bench.ledger_table import SlowTable
from bench.processes import show
from tests.core.aws.fake_index import FakeIndexes
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.ledger_table import job_item
from umbel_core.aws.stats_records import slot_update
from umbel_core.fold import TaskChange
from umbel_core.ids import new_job_id
from umbel_core.ledger import JobRecord, TaskRecord
from umbel_core.op_stats import PeriodStats, count, periods_of

_CALL_SECONDS = 0.02
_OLD_SHARDS = 16
_MOMENT = "2026-11-27T00:00:00.000Z"


def list_queries(jobs: int, limit: int) -> dict[str, int]:
    """Return the queries for a page of the only crawl among many pictures, and for a page of the failed jobs."""
    every = [a_job(kind="upload") for _ in range(jobs)]
    every[0].kind, every[1].status = "crawl", "failed"
    found = {"jobs": jobs, "before": -(-jobs // limit)}
    for name, status, kind in (("crawls", None, "crawl"), ("failed", "failed", None), ("all", None, None)):
        indexes = FakeIndexes(every)
        DynamoLedger(cast("Any", indexes), "table", 1).jobs(limit, None, status, kind)
        found[name] = indexes.calls["query"]
    return found


def a_job(**fields: Any) -> JobRecord:
    """Return a planned job."""
    job = JobRecord(
        id=new_job_id(), kind="task", name="n", created_at=_MOMENT, updated_at=_MOMENT, planned=True, total=9
    )
    return msgspec.structs.replace(job, **fields)


class OldCounters(DynamoCounters):
    """Stays in the record that it chose, one of sixteen, and does not wait when it meets another writer, as before."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        super().__init__(dynamodb, table)
        self._slot = randbelow(_OLD_SHARDS)

    def write(self, jobs: Sequence[tuple[JobRecord, JobRecord]], op_stats: Iterable[PeriodStats]) -> bool:
        """Return False after any refusal."""
        writes = [self._counted_job(old, new) for old, new in jobs]
        writes.append({"Update": slot_update(self._table, self._slot, list(op_stats))})
        try:
            return not self._table.write_all(writes, seconds=0)
        except ClientError:
            return False


def batches_a_second(make: Callable[[Any, str], DynamoCounters], relays: int, seconds: float) -> float:
    """Return how many batches so many relays count a second, each of a job of its own."""
    table = SlowTable(_CALL_SECONDS)
    jobs = [a_job() for _ in range(relays)]
    table.put(job_item(job) for job in jobs)
    counted = [0] * relays
    until = time.monotonic() + seconds

    def relay(number: int) -> None:
        counters, name = make(table, "table"), jobs[number].id
        task = TaskRecord(
            job_id=name,
            index=0,
            op="thumbnail",
            variant="thumbnail",
            input="x",
            status="completed",
            duration_ms=30,
            queued_at=_MOMENT,
            finished_at=_MOMENT,
            worker=f"worker-{number}",
        )
        changes = [TaskChange("1", "pending", task)]
        while time.monotonic() < until:
            found, op_stats = counters.read([name], periods_of(changes))
            count(op_stats, changes)
            job = found[name]
            new = msgspec.structs.replace(job, version=job.version + 1)
            counted[number] += counters.write([(job, new)], op_stats.values())

    threads = [threading.Thread(target=relay, args=(number,)) for number in range(relays)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counted) / seconds


def main(arguments: list[str]) -> None:
    """Measure lists of 2,000 jobs, and the relays before and after."""
    options = argparse.ArgumentParser(prog="bench ledger")
    options.add_argument("--jobs", type=int, default=2000)
    options.add_argument("--relays", type=int, default=32)
    options.add_argument("--seconds", type=float, default=5)
    given = options.parse_args(arguments)
    for limit in (1, 50):
        found = list_queries(given.jobs, limit)
        show({"list": "queries", "limit": limit, **found})
        keep("list", found["failed"])
    for name, make in (("before", OldCounters), ("after", DynamoCounters)):
        alone = batches_a_second(make, 1, given.seconds)
        together = batches_a_second(make, given.relays, given.seconds)
        of_ideal = round(together / alone / given.relays, 2)
        show({"relays": given.relays, "counters": name, "batches_per_s": round(together), "of_ideal": of_ideal})
    keep("relays", of_ideal)
