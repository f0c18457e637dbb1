"""Counts are written on the versions that were read, all or nothing."""

from typing import Any

import msgspec
import pytest

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.dynamo import item, record
from umbel_core.aws.keys import STATS_SLOTS, job_key, planned_key, slot_key, stats_key
from umbel_core.aws.stats_rollup import StatsRollup
from umbel_core.aws.table import Table
from umbel_core.clock import epoch
from umbel_core.ledger import JobRecord
from umbel_core.op_stats import FOREVER, MINUTE, OpStats, PeriodStats

NOON = f"{MINUTE}2026-01-31T12:00"


def counters(stub: Stub) -> DynamoCounters:
    return DynamoCounters(stub.client, "table")


def a_job(name: str = "j1", **changes: Any) -> JobRecord:
    job = JobRecord(id=name, kind="task", name="n", created_at="t", updated_at="t", planned=True, total=2)
    return msgspec.structs.replace(job, **changes)


def slot(number: int, version: int = 1, **periods: dict[str, OpStats]) -> dict[str, Any]:
    """Return a slot's record; the periods' names are `total` and `noon`."""
    names = {"total": FOREVER, "noon": NOON}
    texts = {names[name]: {"S": msgspec.json.encode(ops).decode()} for name, ops in periods.items()}
    return {**slot_key(number), "version": {"N": str(version)}, **texts}


def rolled_up(period: str, version: int = 1, moved: dict[int, int] | None = None, **ops: OpStats) -> dict[str, Any]:
    """Return the record of a period."""
    kept = {"moved": {"S": msgspec.json.encode(moved).decode()}} if moved is not None else {}
    return {**stats_key(period), **item(PeriodStats(period, ops, version)), **kept}


def in_slot(on: DynamoCounters) -> dict[str, Any]:
    return slot_key(on._slot)


def test_jobs_and_stats_are_written_on_the_versions_that_were_read() -> None:
    old, new = a_job(version=4), a_job(version=5, completed=1)
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        assert counters(stub).write([(old, new)], [PeriodStats(FOREVER, {}, 7), PeriodStats(NOON, {}, 7)])
    job, stats = stub.only["TransactItems"]
    assert job["Put"]["ConditionExpression"] == stats["Update"]["ConditionExpression"].replace("old", "version")
    assert job["Put"]["ExpressionAttributeValues"] == {":version": {"N": "4"}}
    assert (job["Put"]["Item"]["version"], job["Put"]["Item"]["completed"]) == ({"N": "5"}, {"N": "1"})
    assert stats["Update"]["UpdateExpression"] == "SET #p0 = :p0, #p1 = :p1, version = :new"
    assert stats["Update"]["ExpressionAttributeNames"] == {"#p0": FOREVER, "#p1": NOON}
    values = stats["Update"]["ExpressionAttributeValues"]
    assert (values[":old"], values[":new"]) == ({"N": "7"}, {"N": "8"})


def test_all_periods_of_a_writer_are_in_one_record_of_a_partition_of_its_own() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        on = counters(stub)
        on.write([], [PeriodStats(FOREVER), PeriodStats(NOON)])
    (stats,) = stub.only["TransactItems"]
    assert stats["Update"]["Key"] == in_slot(on)
    assert "attribute_not_exists(pk)" in stats["Update"]["ConditionExpression"]


def test_an_unfinished_job_stays_in_its_index_and_an_ended_one_leaves_it() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        counters(stub).write([(a_job(), a_job(status="running")), (a_job("j2"), a_job("j2", status="completed"))], [])
    assert ["unfinished_shard" in write["Put"]["Item"] for write in stub.only["TransactItems"]] == [True, False]


def refuse(stub: Stub, *reasons: str) -> None:
    codes = [{"Code": reason} for reason in reasons]
    stub.refuse("transact_write_items", "TransactionCanceledException", CancellationReasons=codes)


def test_a_change_by_another_writer_is_an_answer_and_any_other_error_is_raised() -> None:
    with stubbed("dynamodb") as stub:
        refuse(stub, "ConditionalCheckFailed")
        assert not counters(stub).write([(a_job(), a_job())], [])
        stub.refuse("transact_write_items", "AccessDeniedException")
        with pytest.raises(stub.client.exceptions.ClientError):
            counters(stub).write([], [PeriodStats(NOON)])


def test_a_throttled_write_is_no_change_by_another_writer_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("umbel_core.aws.table.time.sleep", pauses.append)
    with stubbed("dynamodb") as stub:
        refuse(stub, "None", "ThrottlingError")
        refuse(stub, "TransactionConflict", "None")
        stub.answer("transact_write_items")
        assert counters(stub).write([(a_job(), a_job())], [PeriodStats(NOON)])
    assert len(pauses) == 2
    pauses.clear()
    stub = Stub("dynamodb")
    for _ in range(30):
        refuse(stub, "ThrottlingError")
    with stub.stubber, pytest.raises(stub.client.exceptions.ClientError):
        counters(stub).write([], [PeriodStats(NOON)])
    assert sum(pauses) == pytest.approx(4), "the relay has ten seconds"


def test_two_writers_in_one_slot_soon_have_slots_of_their_own() -> None:
    with stubbed("dynamodb") as stub:
        on = counters(stub)
        before = []
        for reason in ["ConditionalCheckFailed", "TransactionConflict"] * 3:
            before.append(on._slot)
            refuse(stub, "None", reason)
            assert not on.write([(a_job(), a_job())], [PeriodStats(NOON)])
        assert len({*before, on._slot}) > 1
        stays = on._slot
        refuse(stub, "ConditionalCheckFailed", "None")
        assert not on.write([(a_job(), a_job())], [PeriodStats(NOON)])
        assert on._slot == stays, "it was the job that another writer had changed"


def test_jobs_and_stats_are_read_together_a_hundred_to_a_read() -> None:
    names = [f"j{number}" for number in range(120)]
    with stubbed("dynamodb") as stub:
        on = counters(stub)
        stub.answer("batch_get_item", Responses={"table": [{**job_key("j0"), **item(a_job("j0"))}]})
        stub.answer("batch_get_item", Responses={"table": [slot(on._slot, 3, noon={"say": OpStats(runs=3)})]})
        jobs, op_stats = on.read(names, [NOON, FOREVER])
    assert list(jobs) == ["j0"]
    assert (op_stats[NOON].of("say").runs, op_stats[NOON].version) == (3, 3)
    assert (op_stats[FOREVER].ops, op_stats[FOREVER].version) == ({}, 3)
    requests = [params["RequestItems"]["table"] for _, params in stub.calls]
    assert [len(request["Keys"]) for request in requests] == [100, 21]
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


def test_the_stats_are_the_sum_of_the_rolled_up_ones_and_of_all_slots_in_two_reads() -> None:
    planned = [{**planned_key(3), "say": {"N": "5"}}, {**planned_key(4), "say": {"N": "1"}, "blur": {"N": "1"}}]
    slots = [slot(number, total={"say": OpStats(runs=2)}, noon={"say": OpStats(runs=1)}) for number in (0, 9)]
    with stubbed("dynamodb") as stub:
        stub.answer("batch_get_item", Responses={"table": [*slots, *planned]})
        stub.answer(
            "query", Items=[rolled_up(NOON, say=OpStats(runs=2)), rolled_up(FOREVER, moved={}, say=OpStats(runs=4))]
        )
        counted = counters(stub).counted(NOON)
    assert (counted.forever["say"].runs, counted.forever["say"].count("pending")) == (8, 6)
    assert counted.forever["blur"].count("pending") == 1
    assert counted.minutes[NOON]["say"].runs == 4
    (_, slots_read), (_, query) = stub.calls
    assert len(slots_read["RequestItems"]["table"]["Keys"]) == 2 * STATS_SLOTS <= 100
    assert query["KeyConditionExpression"] == "pk = :stats AND sk >= :since"
    assert query["ExpressionAttributeValues"] == {":stats": {"S": "STATS"}, ":since": {"S": NOON}}
    assert query["ConsistentRead"] is True


def test_a_slot_that_is_emptied_between_the_two_reads_is_not_counted_twice() -> None:
    slots = [slot(1, 7, total={"say": OpStats(runs=2)}), slot(2, 4, total={"say": OpStats(runs=1)})]
    with stubbed("dynamodb") as stub:
        stub.answer("batch_get_item", Responses={"table": slots})
        stub.answer("query", Items=[rolled_up(FOREVER, moved={1: 7, 2: 3}, say=OpStats(runs=10))])
        assert counters(stub).counted(FOREVER).forever["say"].runs == 11


def test_records_of_the_version_before_are_counted_too() -> None:
    def old(sort: str, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "pk": {"S": "STATS"}, "sk": {"S": sort}}

    shards = [old(f"TOTAL#{shard}", item(PeriodStats(FOREVER, {"say": OpStats(runs=2)}, 1))) for shard in (0, 9)]
    minute = old(f"{NOON}#3", item(PeriodStats(NOON, {"say": OpStats(runs=1)}, 1)))
    with stubbed("dynamodb") as stub:
        stub.answer("batch_get_item", Responses={"table": []})
        stub.answer("query", Items=[minute, old("PLANNED#3", {"say": {"N": "5"}}), *shards])
        counted = counters(stub).counted(NOON)
    say = counted.forever["say"]
    assert (say.runs, say.count("pending"), counted.minutes[NOON]["say"].runs) == (4, 5, 1)


def test_a_slot_is_moved_into_the_records_of_its_periods_by_one_transaction() -> None:
    filled = slot(5, 7, total={"say": OpStats(runs=2)}, noon={"say": OpStats(runs=2)})
    with stubbed("dynamodb") as stub:
        stub.answer("batch_get_item", Responses={"table": [filled, slot(6)]})
        stub.answer("get_item", Item=filled)
        stub.answer("batch_get_item", Responses={"table": [rolled_up(FOREVER, 3, moved={1: 2}, say=OpStats(runs=1))]})
        stub.answer("transact_write_items")
        assert counters(stub).roll_up() == 1, "the other slot is empty"
    emptied, *sums = (write["Put"] for write in stub.calls[-1][1]["TransactItems"])
    assert emptied["Item"] == {**slot_key(5), "version": {"N": "8"}}
    assert emptied["ExpressionAttributeValues"] == {":version": {"N": "7"}}
    by_period = {put["Item"]["period"]["S"]: put for put in sums}
    assert by_period.keys() == {FOREVER, NOON}
    total, noon = (by_period[period]["Item"] for period in (FOREVER, NOON))
    assert (record(PeriodStats, total).ops["say"].runs, total["version"]) == (3, {"N": "4"})
    assert msgspec.json.decode(total["moved"]["S"]) == {"1": 2, "5": 7}
    assert record(PeriodStats, noon).ops["say"].runs == 2
    assert by_period[NOON]["ConditionExpression"] == "attribute_not_exists(pk)"
    assert "expire_at" not in total
    assert abs(int(noon["expire_at"]["N"]) - epoch() - 2 * 3600) < 60


def test_a_slot_that_its_writer_changes_meanwhile_is_read_again() -> None:
    with stubbed("dynamodb") as stub:
        for version in (7, 8):
            stub.answer("get_item", Item=slot(5, version, total={"say": OpStats(runs=version)}))
            stub.answer("batch_get_item", Responses={"table": []})
            if version == 7:
                refuse(stub, "ConditionalCheckFailed", "None")
        stub.answer("transact_write_items")
        assert StatsRollup(Table(stub.client, "table")).empty(5)
    assert record(PeriodStats, stub.calls[-1][1]["TransactItems"][1]["Put"]["Item"]).ops["say"].runs == 8


def test_a_writer_that_nobody_empties_empties_its_own_slot() -> None:
    with stubbed("dynamodb") as stub:
        on = counters(stub)
        full = slot(on._slot, 3, total={}) | {f"{MINUTE}2026-01-31T12:{minute:02}": {"S": "{}"} for minute in range(6)}
        stub.answer("batch_get_item", Responses={"table": [full]})
        stub.answer("transact_write_items")
        stub.answer("get_item", Item=full)
        stub.answer("batch_get_item", Responses={"table": []})
        stub.answer("transact_write_items")
        _, op_stats = on.read([], [FOREVER, NOON])
        assert on.write([], op_stats.values())
    assert len(stub.calls[-1][1]["TransactItems"]) == 1 + 7
