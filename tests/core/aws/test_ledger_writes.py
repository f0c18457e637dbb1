"""Every write of the ledger has the condition that makes a duplicate or late one change nothing."""

from typing import Any

import msgspec
import pytest

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.dynamo import item
from umbel_core.aws.keys import cancelled_key, deployed_ops_key, job_key, job_shard, stopped_group_key, task_key
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.clock import epoch, now
from umbel_core.ledger import DeadLetter, ErrorRecord, Event, JobRecord, Outcome, TaskRecord

JOB_ID = f"j{'0' * 20}"
MOMENT = "2026-01-31T12:00:00.123Z"
DAY = 86_400
OPEN_IN_ROUND = "#status IN (:is_pending, :is_running) AND #round = :in_round"


def ledger(stub: Stub) -> DynamoLedger:
    return DynamoLedger(stub.client, "table", retention_days=30)


def a_job(**changes: Any) -> JobRecord:
    job = JobRecord(id=JOB_ID, kind="task", name="n", created_at=MOMENT, updated_at=MOMENT)
    return msgspec.structs.replace(job, **changes)


def a_task(index: int = 0, **changes: Any) -> TaskRecord:
    task = TaskRecord(job_id=JOB_ID, index=index, op="say", variant=f"v{index}", input="x", queued_at=MOMENT)
    return msgspec.structs.replace(task, **changes)


def writes(stub: Stub, call: int = -1) -> list[dict[str, Any]]:
    """The writes of a transaction."""
    transaction: list[dict[str, Any]] = stub.calls[call][1]["TransactItems"]
    return transaction


def is_in(seconds: int, value: dict[str, str]) -> bool:
    """Whether an expiry is so many seconds from now."""
    return abs(int(value["N"]) - epoch() - seconds) < 60


def test_a_pending_job_is_written_once_and_a_repetition_changes_nothing() -> None:
    with stubbed("dynamodb") as stub:
        stub.refuse("put_item", "ConditionalCheckFailedException")
        ledger(stub).expect(a_job())
    assert stub.only["ConditionExpression"] == "attribute_not_exists(pk)"
    written = stub.only["Item"]
    assert written["creation"] == {"S": f"2026-01-31T12:00:00.123Z#{JOB_ID}"}
    assert written["unfinished_shard"] == written["job_shard"], "the sweeper plans it when S3's event was lost"
    assert is_in(30 * DAY, written["expire_at"])


def test_a_job_that_waits_for_its_upload_expires_when_it_says() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("put_item")
        ledger(stub).expect(a_job(expire_at=1234))
    assert stub.only["Item"]["expire_at"] == {"N": "1234"}


@pytest.mark.parametrize(("status", "condition"), [("pending", "<>"), ("cancelled", "=")])
def test_a_plan_is_written_once_and_not_over_a_cancellation_that_it_does_not_know(status: str, condition: str) -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        assert ledger(stub).plan(a_job(status=status, planned=True), [a_task(0), a_task(1)])
    *tasks, job, _ = writes(stub)
    assert job["Put"]["ConditionExpression"] == (
        f"attribute_not_exists(pk) OR (planned = :no AND #status {condition} :cancelled)"
    )
    assert job["Put"]["ExpressionAttributeNames"] == {"#status": "status"}
    assert job["Put"]["ExpressionAttributeValues"] == {":no": {"BOOL": False}, ":cancelled": {"S": "cancelled"}}
    assert ("unfinished_shard" in job["Put"]["Item"]) == (status == "pending")
    assert [write["Put"]["Item"]["sk"]["S"] for write in tasks] == ["TASK#000000", "TASK#000001"]
    assert all("ConditionExpression" not in write["Put"] for write in tasks), "the job's condition is enough"


def test_a_job_that_was_not_read_is_planned_only_when_there_is_none() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        assert ledger(stub).plan(a_job(planned=True), [a_task(0)], only_new=True)
    _, job, _ = writes(stub)
    assert job["Put"]["ConditionExpression"] == "attribute_not_exists(pk)"


def test_the_tasks_of_a_large_plan_are_written_before_its_job_and_never_twice() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[])
        stub.answer("transact_write_items", "transact_write_items", "transact_write_items")
        ledger(stub).plan(a_job(planned=True), [a_task(index) for index in range(200)])
    assert [len(writes(stub, call)) for call in range(1, 4)] == [98, 98, 4 + 2]
    for call in range(1, 3):
        assert {write["Put"]["ConditionExpression"] for write in writes(stub, call)} == {"attribute_not_exists(pk)"}
    assert writes(stub, 3)[-2]["Put"]["Item"]["sk"] == {"S": "JOB"}


def test_a_large_plan_goes_on_where_an_attempt_stopped_that_was_killed() -> None:
    """Four transactions of 98 tasks run side by side, so the four around the last task are written again."""
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[task_key(JOB_ID, 700)])
        stub.answer(*["transact_write_items"] * 7)
        ledger(stub).plan(a_job(planned=True), [a_task(index) for index in range(1000)])
    written = [
        write["Put"]["Item"]["sk"]["S"] for call in range(1, 8) for write in writes(stub, call) if "Put" in write
    ]
    assert sorted(written) == ["JOB", *(f"TASK#{index:06d}" for index in range(392, 1000))]


def test_planned_tasks_are_counted_op_by_op_in_the_transaction_that_decides() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        ledger(stub).plan(a_job(planned=True), [a_task(0), a_task(1, op="blur"), a_task(2)])
    update = writes(stub)[-1]["Update"]
    assert update["Key"]["pk"]["S"].startswith("STATS#")
    assert update["Key"]["sk"] == {"S": "PLANNED"}
    assert update["UpdateExpression"] == "ADD #say :say, #blur :blur"
    assert update["ExpressionAttributeNames"] == {"#say": "say", "#blur": "blur"}
    assert update["ExpressionAttributeValues"] == {":say": {"N": "2"}, ":blur": {"N": "1"}}


def test_a_job_without_tasks_counts_nothing() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        ledger(stub).plan(a_job(planned=True), [])
    assert [list(write) for write in writes(stub)] == [["Put"]]


def test_an_outcome_ends_a_task_that_is_open_in_the_round_of_the_message() -> None:
    command = a_task(7, round=2).command()
    with stubbed("dynamodb") as stub:
        stub.answer("update_item")
        assert ledger(stub).commit(command, Outcome(status="completed", result={"n": 1.5}, finished_at=MOMENT))
    assert stub.only["Key"] == task_key(JOB_ID, 7)
    assert stub.only["ConditionExpression"] == OPEN_IN_ROUND
    assert stub.only["UpdateExpression"].endswith(" ADD version :plus_version")
    values = stub.only["ExpressionAttributeValues"]
    assert (values[":is_pending"], values[":is_running"]) == ({"S": "pending"}, {"S": "running"})
    assert (values[":in_round"], values[":plus_version"]) == ({"N": "2"}, {"N": "1"})
    assert (values[":status"], values[":result"]) == ({"S": "completed"}, {"S": '{"n":1.5}'})
    assert ":error" not in values, "what is None is not written"
    assert {"#status", "#round"} <= set(stub.only["ExpressionAttributeNames"])


@pytest.mark.parametrize("operation", ["update_item", "transact_write_items"])
def test_a_refused_condition_is_an_answer_and_any_other_error_is_raised(operation: str) -> None:
    command = a_task(group="north", stop_group=operation == "transact_write_items").command()
    failed = Outcome(status="failed", error=ErrorRecord("c", "m"), finished_at=MOMENT)
    with stubbed("dynamodb") as stub:
        if operation == "update_item":
            stub.refuse(operation, "ConditionalCheckFailedException")
        else:
            reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]
            stub.refuse(operation, "TransactionCanceledException", CancellationReasons=reasons)
        assert not ledger(stub).commit(command, failed)
        stub.refuse(operation, "AccessDeniedException")
        with pytest.raises(stub.client.exceptions.ClientError):
            ledger(stub).commit(command, failed)


def test_a_failure_stops_its_group_in_the_same_transaction() -> None:
    command = a_task(3, group="north", stop_group=True).command()
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        ledger(stub).commit(command, Outcome(status="failed", error=ErrorRecord("c", "It broke."), finished_at=MOMENT))
    end, stop = (write["Update"] for write in writes(stub))
    assert end["ConditionExpression"] == OPEN_IN_ROUND
    assert stop["Key"] == stopped_group_key(JOB_ID, "north")
    reason = stop["ExpressionAttributeValues"][":reason"]["S"]
    assert reason == "The group 'north' was stopped by its task 3: It broke."
    assert is_in(30 * DAY, stop["ExpressionAttributeValues"][":expiry"])


@pytest.mark.parametrize(("status", "stop_group", "group"), [("completed", True, "n"), ("failed", False, "n")])
def test_nothing_else_stops_a_group(status: Any, stop_group: bool, group: str) -> None:
    command = a_task(group=group, stop_group=stop_group).command()
    with stubbed("dynamodb") as stub:
        stub.answer("update_item")
        ledger(stub).commit(command, Outcome(status=status, error=ErrorRecord("c", "m"), finished_at=MOMENT))


def test_a_running_task_is_marked_under_the_same_condition() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("update_item")
        assert ledger(stub).start(a_task().command(), 2, MOMENT)
    assert stub.only["ConditionExpression"] == OPEN_IN_ROUND
    values = stub.only["ExpressionAttributeValues"]
    assert (values[":status"], values[":attempts"], values[":started_at"]) == (
        {"S": "running"},
        {"N": "2"},
        {"S": MOMENT},
    )


@pytest.mark.parametrize(
    ("transient", "added"),
    [
        (False, "ADD version :plus_version, cost_nano :plus_cost_nano"),
        (True, "ADD version :plus_version, transient_refusals :plus_transient_refusals, cost_nano :plus_cost_nano"),
    ],
)
def test_an_error_is_stored_under_the_same_condition(transient: bool, added: str) -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("update_item")
        ledger(stub).record_error(a_task().command(), 2, "e" * 2000, transient=transient, cost_nano=7)
    assert stub.only["ConditionExpression"] == OPEN_IN_ROUND
    assert stub.only["UpdateExpression"].endswith(added)
    assert stub.only["ExpressionAttributeValues"][":last_error"] == {"S": "e" * 1000}


def test_a_cancellation_moves_the_job_and_marks_it_for_the_workers() -> None:
    stored = {**job_key(JOB_ID), **item(a_job(planned=True))}
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=stored)
        stub.answer("transact_write_items")
        stub.answer("get_item", Item=stored)
        ledger(stub).cancel(JOB_ID)
    move, mark = writes(stub, 1)
    assert move["Update"]["Key"] == job_key(JOB_ID)
    assert move["Update"]["ConditionExpression"] == "#status IN (:old0, :old1)"
    assert "unfinished_shard = :shard REMOVE failed_shard ADD version :one" in move["Update"]["UpdateExpression"]
    values = move["Update"]["ExpressionAttributeValues"]
    assert (values[":new"], values[":old0"], values[":old1"]) == (
        {"S": "cancelled"},
        {"S": "pending"},
        {"S": "running"},
    )
    assert mark["Put"]["Item"].items() >= cancelled_key(JOB_ID).items()
    assert is_in(14 * DAY, mark["Put"]["Item"]["expire_at"]), "as long as a message may stay in its queue"


def test_a_resumed_job_loses_its_mark_and_is_unfinished_again() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        ledger(stub).resume(JOB_ID)
    move, mark = writes(stub)
    assert "unfinished_shard = :shard REMOVE failed_shard ADD version :one" in move["Update"]["UpdateExpression"]
    values = move["Update"]["ExpressionAttributeValues"]
    assert (values[":old0"], values[":old1"], values[":shard"]) == (
        {"S": "cancelled"},
        {"S": "failed"},
        job_shard(JOB_ID),
    )
    assert mark["Delete"]["Key"] == cancelled_key(JOB_ID)


def stored_task(**changes: Any) -> dict[str, Any]:
    return {**task_key(JOB_ID, 0), **item(a_task(**changes))}


def test_a_task_is_reopened_in_the_round_that_was_read() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored_task(status="failed", round=1)])
        stub.answer("update_item")
        (again,) = ledger(stub).reopen(JOB_ID, None)
    assert (again.status, again.round) == ("pending", 2)
    update = stub.calls[1][1]
    assert update["ConditionExpression"] == "#status IN (:pending, :failed, :skipped) AND #round = :round"
    assert update["ExpressionAttributeValues"][":round"] == {"N": "1"}
    assert update["UpdateExpression"].endswith("ADD #round :one, version :one")
    assert update["UpdateExpression"].startswith(
        "SET #status = :pending, queued_at = :now, attempts = :none, begun = :none, claimed_until = :none, "
        "transient_refusals = :none "
    )
    assert (update["TableName"], update["Key"]) == ("table", task_key(JOB_ID, 0))
    names = update["ExpressionAttributeNames"]
    assert names == {f"#{name}": name for name in ("status", "round", "error", "result")}
    values = {name: value for name, value in update["ExpressionAttributeValues"].items() if name != ":now"}
    assert values == {
        **{f":{status}": {"S": status} for status in ("pending", "failed", "skipped")},
        ":none": {"N": "0"},
        ":one": {"N": "1"},
        ":round": {"N": "1"},
    }
    removed = update["UpdateExpression"].partition("REMOVE ")[2].partition(" ADD")[0].split(", ")
    assert removed[:2] == ["#error", "#result"]
    assert removed[2:] == ["started_at", "finished_at", "duration_ms", "last_error", "worker", "received"]


def test_a_reopened_task_removes_the_stop_of_its_group() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored_task(status="failed", group="north", stop_group=True)])
        stub.answer("transact_write_items")
        ledger(stub).reopen(JOB_ID, None)
    update, removal = writes(stub)
    assert update["Update"]["Key"] == task_key(JOB_ID, 0)
    assert removal["Delete"] == {"TableName": "table", "Key": stopped_group_key(JOB_ID, "north")}


@pytest.mark.parametrize(
    ("indices", "waiting", "expected"), [(None, False, [1, 2]), (None, True, [0, 1, 2]), ([2], False, [2])]
)
def test_tasks_start_over_when_they_failed_or_were_skipped_and_are_asked_for(
    indices: list[int] | None, waiting: bool, expected: list[int]
) -> None:
    kept = [a_task(0, round=3), *(a_task(place, status=end) for place, end in ((1, "failed"), (2, "skipped")))]
    kept.append(a_task(3, status="completed"))
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[{**task_key(JOB_ID, task.index), **item(task)} for task in kept])
        stub.answer(*["update_item"] * len(expected))
        again = ledger(stub).reopen(JOB_ID, indices, waiting=waiting)
    reopened = {task.index: task.round for task in again if task.round in (1, 4)}
    assert list(reopened) == expected
    assert reopened.get(0, 4) == 4


def test_a_task_is_published_again_only_if_it_did_not_move_since() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[{**task_key(JOB_ID, 0), **item(a_task(publication=2, round=1))}])
        stub.answer("update_item")
        (again,) = ledger(stub).republish(JOB_ID, [0, 1], "2026-01-31T12:00:01.000Z")
    assert (again.index, again.publication) == (0, 3)
    update = stub.calls[1][1]
    assert (
        update["UpdateExpression"]
        == "SET published_at = :now, published_for = :before ADD publication :one, version :one"
    )
    assert update["ConditionExpression"] == (
        "#status IN (:pending, :running) AND #round = :round "
        "AND (attribute_not_exists(publication) OR publication = :publication)"
    )
    assert update["ExpressionAttributeNames"] == {"#status": "status", "#round": "round"}
    values = {name: value for name, value in update["ExpressionAttributeValues"].items() if name != ":now"}
    assert values == {
        ":before": {"S": "2026-01-31T12:00:01.000Z"},
        ":one": {"N": "1"},
        ":round": {"N": "1"},
        ":publication": {"N": "2"},
        **{f":{status}": {"S": status} for status in ("pending", "running")},
    }
    assert update["Key"] == task_key(JOB_ID, 0)


def test_a_task_that_moved_is_not_published_again() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored_task()])
        stub.refuse("update_item", "ConditionalCheckFailedException")
        assert list(ledger(stub).republish(JOB_ID, [0], "2026-01-31T12:00:01.000Z")) == []


def test_an_upload_claims_the_job_that_waits_for_it_once() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("update_item")
        stub.refuse("update_item", "ConditionalCheckFailedException")
        assert [ledger(stub).claim(JOB_ID, "v1"), ledger(stub).claim(JOB_ID, "v2")] == [True, False]
    update = stub.calls[0][1]
    assert (update["Key"], update["UpdateExpression"]) == (job_key(JOB_ID), "SET #upload = :upload")
    assert update["ConditionExpression"] == (
        "attribute_exists(pk) AND (attribute_not_exists(#upload) OR #upload = :upload)"
    )
    assert update["ExpressionAttributeNames"] == {"#upload": "upload"}
    assert update["ExpressionAttributeValues"] == {":upload": {"S": "v1"}}


def test_a_dead_letter_expires_with_the_jobs_and_an_event_after_a_day() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("put_item", "put_item")
        ledger(stub).put_dead_letter(
            DeadLetter(op="say", id="m1", body="{}", reason="r", at=now(), job_id="j", index=0)
        )
        ledger(stub).record_event(Event(kind="paused", message="say is paused."))
    (_, dead_letter), (_, event) = stub.calls
    assert is_in(30 * DAY, dead_letter["Item"]["expire_at"])
    assert dead_letter["Item"]["job"] == {"S": "j"}, "the stored name of job_id"
    assert is_in(DAY, event["Item"]["expire_at"])


def test_the_ops_of_a_deployment_replace_those_of_the_one_before() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("put_item", Attributes={**deployed_ops_key(), "ops": {"L": [{"S": "blur"}]}})
        stub.answer("put_item")
        assert ledger(stub).replace_deployed_ops(["crop"]) == ["blur"]
        assert ledger(stub).replace_deployed_ops(["crop"]) is None
    assert stub.calls[0][1]["ReturnValues"] == "ALL_OLD"
    assert stub.calls[0][1]["Item"] == {**deployed_ops_key(), "ops": {"L": [{"S": "crop"}]}, "indexed": {"BOOL": True}}


@pytest.mark.parametrize(("before", "index"), [({}, 0), ({"taken": {"N": "6"}}, 6)])
def test_each_call_takes_the_next_task_of_a_job(before: dict[str, Any], index: int) -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("update_item", **({"Attributes": before} if before else {}))
        assert ledger(stub).take_next(JOB_ID) == index
    assert stub.only["UpdateExpression"] == "SET expire_at = :expiry ADD taken :one"
    assert stub.only["ReturnValues"] == "UPDATED_OLD"
