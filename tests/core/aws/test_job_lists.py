"""Lists of jobs are gathered from all shards of an index: in order, complete, and by a limited number of queries."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from tests.core.aws.fake_index import FakeIndexes
from umbel_core.aws import pages
from umbel_core.aws.keys import SHARDS, job_shard
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.ids import new_job_id
from umbel_core.ledger import JobRecord


def some_jobs(count: int, **changes: object) -> list[JobRecord]:
    """Return jobs, the oldest first; some were created in the same millisecond."""
    moments = [f"2026-01-31T12:{second // 60:02d}:{second % 60:02d}.000Z" for second in range(count)]
    return [
        msgspec.structs.replace(
            JobRecord(id=new_job_id(), kind="task", name="n", created_at=moments[place // 3 * 3], updated_at="t"),
            **changes,
        )
        for place in range(count)
    ]


def in_order(jobs: list[JobRecord]) -> list[str]:
    return [job.id for job in sorted(jobs, key=lambda job: (job.created_at, job.id), reverse=True)]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("umbel_core.aws.gathering._PAUSE", 0)


def ledger(indexes: FakeIndexes) -> DynamoLedger:
    return DynamoLedger(indexes, "table", retention_days=30)  # type: ignore[arg-type]


def every_page(on: DynamoLedger, limit: int, **filters: str) -> Iterator[list[str]]:
    cursor = None
    while True:
        jobs, cursor = on.jobs(limit, cursor, **filters)
        yield [job.id for job in jobs]
        if cursor is None:
            return


def test_the_jobs_are_spread_over_all_shards() -> None:
    shards = {job_shard(new_job_id())["S"] for _ in range(1000)}
    assert shards == set(SHARDS)


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_the_pages_hold_every_job_once_newest_first(limit: int) -> None:
    jobs = some_jobs(150)
    found = list(every_page(ledger(FakeIndexes(jobs)), limit))
    assert [job_id for page in found for job_id in page] == in_order(jobs)
    assert {len(page) for page in found[:-1]} <= {limit}


def test_a_page_of_all_jobs_takes_one_query_for_each_shard() -> None:
    indexes = FakeIndexes(some_jobs(2000))
    ledger(indexes).jobs(50, None)
    assert indexes.calls == {"query": len(SHARDS), "batch_get_item": 1}


def test_a_filter_that_few_jobs_pass_takes_at_most_twenty_queries() -> None:
    wanted = some_jobs(1, kind="crawl", status="completed")
    indexes = FakeIndexes([*wanted, *some_jobs(2000, status="completed")])
    jobs, cursor = ledger(indexes).jobs(50, None, "completed", "crawl")
    assert ([job.id for job in jobs], cursor) == ([wanted[0].id], None)
    assert indexes.calls["query"] <= pages.MOST_QUERIES


def test_a_page_that_used_up_its_queries_ends_early_and_the_cursor_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("umbel_core.aws.gathering._READ_AT_ONCE", 5)
    jobs = some_jobs(400)
    for job in jobs[::90]:
        job.kind = "crawl"
    indexes = FakeIndexes(jobs)
    every = []
    for page in every_page(ledger(indexes), 50, kind="crawl"):
        assert indexes.calls["query"] <= pages.MOST_QUERIES
        indexes.calls.clear()
        every += page
    assert every == in_order(jobs[::90])


def test_a_page_that_took_too_long_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("umbel_core.aws.gathering._READ_AT_ONCE", 5)
    monkeypatch.setattr("umbel_core.aws.gathering.MOST_SECONDS", 0)
    indexes = FakeIndexes(some_jobs(400))
    jobs, cursor = ledger(indexes).jobs(50, None, kind="crawl")
    assert jobs == []
    assert cursor
    assert indexes.calls["query"] == len(SHARDS)


class BusyIndexes(FakeIndexes):
    """Refuses the first queries of each shard."""

    refused = 3

    def query(self, **query: Any) -> dict[str, Any]:
        shard = query["ExpressionAttributeValues"][":shard"]["S"]
        self.calls[shard] += 1
        if self.calls[shard] <= self.refused:
            raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "Query")
        return super().query(**query)


def test_a_list_does_not_fail_because_some_of_its_queries_do() -> None:
    jobs = some_jobs(30)
    found, _ = ledger(BusyIndexes(jobs)).jobs(50, None)
    assert [job.id for job in found] == in_order(jobs)


def test_a_list_whose_queries_all_fail_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BusyIndexes, "refused", 10)
    with pytest.raises(ClientError):
        ledger(BusyIndexes(some_jobs(3))).jobs(50, None)


def test_failed_jobs_are_found_without_reading_the_others() -> None:
    failed = some_jobs(3, status="failed")
    indexes = FakeIndexes([*some_jobs(2000, status="completed"), *failed])
    jobs, cursor = ledger(indexes).jobs(50, None, "failed")
    assert ([job.id for job in jobs], cursor) == (in_order(failed), None)
    assert indexes.evaluated == len(failed)


def test_running_jobs_are_found_among_the_unfinished_ones() -> None:
    running, waiting = some_jobs(3, status="running"), some_jobs(4)
    indexes = FakeIndexes([*some_jobs(2000, status="completed", planned=True), *running, *waiting])
    jobs, cursor = ledger(indexes).jobs(50, None, "running")
    assert ([job.id for job in jobs], cursor) == (in_order(running), None)
    assert indexes.evaluated == len(running) + len(waiting)


def test_a_job_that_an_index_still_lists_but_that_has_changed_or_expired_is_left_out() -> None:
    stale, gone, right = some_jobs(3, status="failed")
    indexes = FakeIndexes([stale, gone, right])
    indexes.items[stale.id] |= {"status": {"S": "running"}}
    indexes.remove(gone.id)
    jobs, _ = ledger(indexes).jobs(50, None, "failed")
    assert [job.id for job in jobs] == [right.id]


def test_unfinished_jobs_come_oldest_first_and_are_read_on_from_any_job() -> None:
    jobs, ended = some_jobs(70), some_jobs(70, status="completed", planned=True)
    on = ledger(FakeIndexes([*jobs, *ended]))
    oldest_first = in_order(jobs)[::-1]
    assert on.unfinished(20) == oldest_first[:20]
    twentieth = next(job for job in jobs if job.id == oldest_first[19])
    assert on.unfinished(100, (twentieth.created_at, twentieth.id)) == oldest_first[20:]


def test_a_cursor_of_the_version_before_goes_on_at_the_same_job() -> None:
    jobs = some_jobs(30)
    on = ledger(FakeIndexes(jobs))
    tenth = next(job for job in jobs if job.id == in_order(jobs)[9])
    key = {"pk": f"JOB#{tenth.id}", "sk": "JOB", "listed": "JOBS", "created_at": tenth.created_at}
    cursor = pages._encode({name: {"S": value} for name, value in key.items()})
    assert [job.id for job in on.jobs(200, cursor)[0]] == in_order(jobs)[10:]
