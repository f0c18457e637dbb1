"""Counts are written on the versions that were read, all or nothing."""

from typing import Any

import msgspec
import pytest

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.dynamo import item
from umbel_core.aws.keys import job_key, planned_key, stats_key
from umbel_core.clock import epoch
from umbel_core.ledger import JobRecord
from umbel_core.op_stats import FOREVER, MINUTE, OpStats, PeriodStats

NOON = f"{MINUTE}2026-01-31T12:00"


def counters(stub: Stub) -> DynamoCounters:
    return DynamoCounters(stub.client, "table")


def a_job(name: str = "j1", **changes: Any) -> JobRecord:
    job = JobRecord(id=name, kind="task", name="n", created_at="t", updated_at="t", planned=True, total=2)
    return msgspec.structs.replace(job, **changes)


def stored_stats(period: str, shard: int = 0, version: int = 1, **ops: OpStats) -> dict[str, Any]:
    return {**stats_key(period, shard), **item(PeriodStats(period, ops, version))}


def test_jobs_and_stats_are_written_on_the_versions_that_were_read() -> None:
    old, new = a_job(version=4), a_job(version=5, completed=1)
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        assert counters(stub).write([(old, new)], [PeriodStats(FOREVER, {}, 7), PeriodStats(NOON)])
    job, total, minute = (write["Put"] for write in stub.only["TransactItems"])
    assert job["ConditionExpression"] == total["ConditionExpression"] == "version = :version"
    assert job["ExpressionAttributeValues"] == {":version": {"N": "4"}}
    assert (job["Item"]["version"], job["Item"]["completed"]) == ({"N": "5"}, {"N": "1"})
    assert total["ExpressionAttributeValues"] == {":version": {"N": "7"}}
    assert total["Item"]["version"] == {"N": "8"}
    assert minute["ConditionExpression"] == "attribute_not_exists(pk)"
    assert minute["Item"]["version"] == {"N": "1"}


def test_an_unfinished_job_stays_in_its_index_and_an_ended_one_leaves_it() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        counters(stub).write([(a_job(), a_job(status="running")), (a_job("j2"), a_job("j2", status="completed"))], [])
    assert ["unfinished_shard" in write["Put"]["Item"] for write in stub.only["TransactItems"]] == [True, False]


def test_only_minutes_expire() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        counters(stub).write([], [PeriodStats(FOREVER), PeriodStats(NOON)])
    total, minute = (write["Put"]["Item"] for write in stub.only["TransactItems"])
    assert "expire_at" not in total
    assert abs(int(minute["expire_at"]["N"]) - epoch() - 2 * 3600) < 60


def test_a_change_by_another_writer_is_an_answer_and_any_other_error_is_raised() -> None:
    with stubbed("dynamodb") as stub:
        stub.refuse("transact_write_items", "TransactionCanceledException")
        assert not counters(stub).write([], [PeriodStats(NOON)])
        stub.refuse("transact_write_items", "AccessDeniedException")
        with pytest.raises(stub.client.exceptions.ClientError):
            counters(stub).write([], [PeriodStats(NOON)])


def test_jobs_and_stats_are_read_together_a_hundred_to_a_read() -> None:
    names = [f"j{number}" for number in range(120)]
    with stubbed("dynamodb") as stub:
        stub.answer("batch_get_item", Responses={"table": [{**job_key("j0"), **item(a_job("j0"))}]})
        stub.answer("batch_get_item", Responses={"table": [stored_stats(NOON, say=OpStats(runs=3))]})
        jobs, op_stats = counters(stub).read(names, [NOON, FOREVER])
    assert list(jobs) == ["j0"]
    assert (op_stats[NOON].of("say").runs, op_stats[NOON].version) == (3, 1)
    assert (op_stats[FOREVER].ops, op_stats[FOREVER].version) == ({}, 0)
    requests = [params["RequestItems"]["table"] for _, params in stub.calls]
    assert [len(request["Keys"]) for request in requests] == [100, 22]
    assert all(request["ConsistentRead"] is True for request in requests)


def test_a_job_that_cannot_be_read_keeps_no_other_from_being_counted() -> None:
    torn = {**job_key("torn"), "id": {"S": "torn"}, "status": {"S": "what?"}}
    with stubbed("dynamodb") as stub:
        stub.answer("batch_get_item", Responses={"table": [torn, {**job_key("j1"), **item(a_job())}]})
        jobs, _ = counters(stub).read(["torn", "j1"], [])
    assert jobs == {"j1": a_job()}


def test_keys_that_dynamodb_did_not_process_are_read_again() -> None:
    left = {"table": {"Keys": [job_key("j2")], "ConsistentRead": True}}
    with stubbed("dynamodb") as stub:
        found = [{**job_key("j1"), **item(a_job("j1"))}]
        stub.answer("batch_get_item", Responses={"table": found}, UnprocessedKeys=left)
        stub.answer("batch_get_item", Responses={"table": [{**job_key("j2"), **item(a_job("j2"))}]})
        jobs, _ = counters(stub).read(["j1", "j2"], [])
    assert list(jobs) == ["j1", "j2"]


def test_the_stats_are_the_sum_of_all_shards_and_of_what_was_planned() -> None:
    planned = {**planned_key(3), "say": {"N": "5"}, "blur": {"N": "1"}}
    shards = [stored_stats(FOREVER, shard, say=OpStats(runs=2, left={"pending": 2})) for shard in (0, 9)]
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored_stats(NOON, say=OpStats(runs=2)), planned, *shards])
        counted = counters(stub).counted(NOON)
    assert (counted.forever["say"].runs, counted.forever["say"].count("pending")) == (4, 1)
    assert counted.forever["blur"].count("pending") == 1
    assert counted.minutes[NOON]["say"].runs == 2
    assert stub.only["KeyConditionExpression"] == "pk = :stats AND sk >= :since"
    assert stub.only["ExpressionAttributeValues"] == {":stats": {"S": "STATS"}, ":since": {"S": NOON}}
    assert stub.only["ConsistentRead"] is True
