"""A table with no room at this moment, or whose answer is lost: the ledger tries again, and gives up on what will not
pass.
"""

from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from umbel_core.aws.dynamo import Item, item
from umbel_core.aws.keys import task_key
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.clock import now
from umbel_core.ids import new_job_id
from umbel_core.ledger import Job, Task

BUSY, REFUSED, BROKEN = "ThrottlingError", "ConditionalCheckFailed", "ValidationError"


def _client() -> Any:
    return boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def _plan(*answers: str | None, tasks: int = 1) -> bool:
    """Plan a job on a table that answers so, one transaction after another; None is a yes."""
    dynamodb = _client()
    job = Job(id=new_job_id(), kind="task", name="n", created_at=now(), updated_at=now())
    of = [Task(job_id=job.id, index=i, op="none", variant=f"v{i}", input=i, queued_at=now()) for i in range(tasks)]
    with Stubber(dynamodb) as stub:
        for answer in answers:
            if answer is None:
                stub.add_response("transact_write_items", {})
            else:
                reasons = {"CancellationReasons": [{"Code": "None"}, {"Code": answer}]}
                stub.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=reasons)
        planned = DynamoLedger(dynamodb, "table", 1).plan(job, of)
        stub.assert_no_pending_responses()
    return planned


def test_what_is_throttled_is_written_after_a_pause() -> None:
    assert _plan(BUSY, BUSY, None)


def test_what_a_condition_refused_is_not_tried_again() -> None:
    assert not _plan(REFUSED)


def test_tasks_that_are_there_already_do_not_stop_the_plan() -> None:
    assert _plan(REFUSED, BUSY, None, tasks=100)


def test_what_cannot_pass_rises_at_once() -> None:
    with pytest.raises(ClientError):
        _plan(BROKEN)


def test_a_task_whose_reopening_was_answered_by_silence_is_sent_all_the_same() -> None:
    """The SDK asks again, and the condition refuses what the first try has done."""
    moment, dynamodb = now(), _client()
    job = Job(id=new_job_id(), kind="task", name="n", created_at=moment, updated_at=moment, planned=True)
    task = Task(job_id=job.id, index=0, op="none", variant="v", input=0, status="failed", queued_at=moment)

    def kept(**facts: Any) -> Item:
        return {**task_key(job.id, 0), **item(msgspec.structs.replace(task, **facts))}

    with Stubber(dynamodb) as stub:
        stub.add_response("query", {"Items": [kept()]})
        stub.add_client_error("update_item", "ConditionalCheckFailedException")
        stub.add_response("get_item", {"Item": kept(status="pending", round=1)})
        (again,) = DynamoLedger(dynamodb, "table", 1).reopen(job.id, None)
    assert (again.status, again.round) == ("pending", 1)


def test_a_cancellation_that_was_taken_back_is_not_read_off_a_copy() -> None:
    dynamodb, asked = _client(), []
    dynamodb.meta.events.register("provide-client-params.dynamodb.Query", lambda params, **_: asked.append(params))
    with Stubber(dynamodb) as stub:
        stub.add_response("query", {"Items": [{"sk": {"S": "j1"}}]})
        assert DynamoLedger(dynamodb, "table", 1).cancelled() == {"j1"}
    assert [query.get("ConsistentRead") for query in asked] == [True]
