"""The sweeper's record, and the write that lets a lost task be published again."""

from typing import Any

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.dynamo import item
from umbel_core.aws.keys import task_key
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.ledger import TaskRecord
from umbel_core.sweeper_state import LaneProgress, SweeperState

JOB_ID = "j" + "0" * 20
EARLY, LATE = "2026-01-31T12:00:00.123Z", "2026-01-31T12:00:02.123Z"
BETWEEN = "2026-01-31T12:00:01.123Z"


def ledger(stub: Stub) -> DynamoLedger:
    return DynamoLedger(stub.client, "table", 30)


def stored(index: int, **fields: Any) -> dict[str, Any]:
    task = TaskRecord(job_id=JOB_ID, index=index, op="say", variant="v", input="x", **{"queued_at": EARLY, **fields})
    return {**task_key(JOB_ID, index), **item(task)}


def test_the_sweepers_record_is_read_as_it_was_written() -> None:
    state = SweeperState(after=(EARLY, JOB_ID), lanes={"say": LaneProgress(EARLY, 1, 2)}, waiting={"say": JOB_ID})
    with stubbed("dynamodb") as stub:
        stub.answer("put_item")
        stub.answer("get_item")
        ledger(stub).keep_sweeper_state(state)
        assert ledger(stub).sweeper_state() == SweeperState()
    ((_, put), _) = stub.calls
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=put["Item"])
        assert ledger(stub).sweeper_state() == state


def test_only_silent_tasks_that_did_not_end_are_published_again_each_with_the_next_number() -> None:
    tasks = [
        stored(0, publication=2, published_at=EARLY),
        stored(1, status="completed"),
        stored(2, queued_at=LATE),
        stored(3, published_at=LATE),
        stored(4, status="running", started_at=LATE),
        stored(5),
    ]
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=tasks)
        stub.answer("update_item")
        again = list(ledger(stub).republish(JOB_ID, range(5), BETWEEN))
    assert [(task.index, task.publication) for task in again] == [(0, 3)]
    _, (_, update) = stub.calls
    assert (
        update["UpdateExpression"]
        == "SET published_at = :now, published_for = :before ADD publication :one, version :one"
    )
    assert "publication = :publication" in update["ConditionExpression"]
    assert update["ExpressionAttributeValues"][":publication"] == {"N": "2"}


def test_a_command_that_comes_again_gets_the_tasks_that_it_counted_and_that_gave_no_sign_since() -> None:
    counted = {"publication": 1, "published_at": LATE}
    tasks = [
        stored(0, published_for=BETWEEN, **counted),
        stored(1, published_for=EARLY, **counted),
        stored(2, published_for=BETWEEN, status="running", started_at=LATE + "1", **counted),
        stored(3, published_for=BETWEEN, status="completed", **counted),
    ]
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=tasks)
        again = list(ledger(stub).republish(JOB_ID, range(4), BETWEEN))
    assert [(task.index, task.publication) for task in again] == [(0, 1)]
    assert len(stub.calls) == 1, "nothing is written"


def test_a_task_that_somebody_else_published_or_ended_meanwhile_is_left_out() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored(0)])
        stub.refuse("update_item", "ConditionalCheckFailedException")
        assert list(ledger(stub).republish(JOB_ID, [0], BETWEEN)) == []
