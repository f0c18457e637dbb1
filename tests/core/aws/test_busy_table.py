"""When the table is throttled or an answer is lost, the ledger tries again; any other error is raised."""

from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from tests.core.aws.stubs import stubbed
from umbel_core.aws.dynamo import item
from umbel_core.aws.keys import task_key
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.clock import now
from umbel_core.ids import new_job_id
from umbel_core.ledger import JobRecord, TaskRecord

BUSY, REFUSED, BROKEN = "ThrottlingError", "ConditionalCheckFailed", "ValidationError"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, without waiting for them."""
    made: list[float] = []
    monkeypatch.setattr("umbel_core.aws.table.time.sleep", made.append)
    return made


def plan(*answers: str | None, tasks: int = 1) -> bool:
    """Plan a job on a table that gives these answers to its transactions; None is a success."""
    moment = now()
    job = JobRecord(id=new_job_id(), kind="task", name="n", created_at=moment, updated_at=moment)
    of = [
        TaskRecord(job_id=job.id, index=i, op="none", variant=f"v{i}", input=i, queued_at=moment) for i in range(tasks)
    ]
    with stubbed("dynamodb") as stub:
        if tasks > 98:  # more than one transaction: it reads where an earlier attempt stopped
            stub.answer("query", Items=[])
        for answer in answers:
            if answer is None:
                stub.answer("transact_write_items")
            else:
                reasons = [{"Code": "None"}, {"Code": answer}]
                stub.refuse("transact_write_items", "TransactionCanceledException", CancellationReasons=reasons)
        return DynamoLedger(stub.client, "table", 1).plan(job, of)


@pytest.mark.parametrize(
    "reason", [BUSY, "ProvisionedThroughputExceeded", "RequestLimitExceeded", "TransactionConflict"]
)
def test_a_throttled_transaction_is_repeated_after_pauses_that_about_double(reason: str, pauses: list[float]) -> None:
    assert plan(*[reason] * 4, None)
    for pause, middle in zip(pauses, (0.1, 0.2, 0.4, 0.8), strict=True):
        assert 0.5 * middle <= pause <= 1.5 * middle


def test_those_that_wait_for_a_busy_table_come_back_at_different_times(pauses: list[float]) -> None:
    for _ in range(20):
        plan(BUSY, None)
    assert len(set(pauses)) > 10


def test_a_table_that_stays_busy_is_an_error_after_ten_seconds(pauses: list[float]) -> None:
    with pytest.raises(ClientError):
        plan(*[BUSY] * 30)
    assert sum(pauses) == pytest.approx(10)


def test_a_refused_condition_is_not_tried_again(pauses: list[float]) -> None:
    assert not plan(REFUSED)
    assert pauses == []


def test_tasks_that_exist_already_do_not_stop_the_plan() -> None:
    assert plan(REFUSED, BUSY, None, tasks=100)


def test_any_other_reason_is_raised_at_once(pauses: list[float]) -> None:
    with pytest.raises(ClientError):
        plan(BROKEN)
    assert pauses == []


def test_a_task_is_published_even_if_the_answer_to_its_reopening_was_lost() -> None:
    """The SDK repeats the update, and the condition refuses it because the first one was written."""
    job_id = new_job_id()
    task = TaskRecord(job_id=job_id, index=0, op="none", variant="v", input=0, status="failed", queued_at=now())

    def kept(**changes: Any) -> dict[str, Any]:
        return {**task_key(job_id, 0), **item(msgspec.structs.replace(task, **changes))}

    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[kept()])
        stub.refuse("update_item", "ConditionalCheckFailedException")
        stub.answer("get_item", Item=kept(status="pending", round=1))
        (again,) = DynamoLedger(stub.client, "table", 1).reopen(job_id, None)
    assert (again.status, again.round) == ("pending", 1)
