"""Reads of the ledger: consistent where a stale answer would be wrong, in pages that are as full as asked for."""

from base64 import urlsafe_b64encode

import pytest

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.dynamo import item
from umbel_core.aws.keys import job_key, task_key
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.errors import Rejected
from umbel_core.ledger import DeadLetter, JobRecord, TaskRecord

JOB_ID = f"j{'0' * 20}"


def ledger(stub: Stub) -> DynamoLedger:
    return DynamoLedger(stub.client, "table", retention_days=30)


def stored_task(index: int) -> dict[str, object]:
    task = TaskRecord(job_id=JOB_ID, index=index, op="say", variant="v", input="x", queued_at="t")
    return {**task_key(JOB_ID, index), **item(task)}


def test_single_records_are_read_consistently() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", "get_item", "get_item")
        assert ledger(stub).job(JOB_ID) is None
        assert ledger(stub).task(JOB_ID, 0) is None
        assert ledger(stub).stopped(JOB_ID, "north") is None
    assert all(params["ConsistentRead"] is True for _, params in stub.calls)


def test_queries_on_which_decisions_depend_are_consistent() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", "query", "query", Items=[])
        assert list(ledger(stub).all_tasks(JOB_ID)) == []
        assert ledger(stub).cancelled() == frozenset()
        assert ledger(stub).dead_letters("say") == []
    assert all(params["ConsistentRead"] is True for _, params in stub.calls)


def test_a_redrive_reads_no_page_that_it_does_not_need() -> None:
    stored = [item(DeadLetter(op="say", id=f"m{n}", body="{}", reason="r", at="t", job_id="j")) for n in range(3)]
    strange = item(DeadLetter(op="say", id="m", body="?", reason="r", at="t"))
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[strange, *stored], LastEvaluatedKey=job_key(JOB_ID))
        assert [kept.id for kept in ledger(stub).redrivable("say", 2)] == ["m0", "m1"]
    assert len(stub.calls) == 1


def test_jobs_are_listed_newest_first() -> None:
    job = JobRecord(id=JOB_ID, kind="task", name="n", created_at="t", updated_at="t")
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[{**job_key(JOB_ID), **item(job)}])
        found, cursor = ledger(stub).jobs(5, None, "failed", "crawl")
    assert ([each.id for each in found], cursor) == ([JOB_ID], None)
    assert (stub.only["IndexName"], stub.only["ScanIndexForward"], stub.only["Limit"]) == ("by-time", False, 5)
    assert stub.only["FilterExpression"] == "#status = :status AND #kind = :kind"
    assert stub.only["ExpressionAttributeNames"] == {"#status": "status", "#kind": "kind"}
    values = stub.only["ExpressionAttributeValues"]
    assert (values[":jobs"], values[":status"], values[":kind"]) == ({"S": "JOBS"}, {"S": "failed"}, {"S": "crawl"})


def test_unfinished_jobs_come_oldest_first_from_their_index() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[job_key(JOB_ID)])
        assert ledger(stub).unfinished(20) == [JOB_ID]
    assert (stub.only["IndexName"], stub.only["ScanIndexForward"], stub.only["Limit"]) == ("unfinished", True, 20)
    assert "ExclusiveStartKey" not in stub.only


def test_unfinished_jobs_are_read_on_from_any_job() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[])
        assert ledger(stub).unfinished(20, ("2026-01-31T12:00:00.123Z", JOB_ID)) == []
    position = {"unfinished": {"S": "JOBS"}, "created_at": {"S": "2026-01-31T12:00:00.123Z"}}
    assert stub.only["ExclusiveStartKey"] == {**job_key(JOB_ID), **position}


def test_the_last_tasks_come_backwards() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored_task(1), stored_task(0)])
        assert [task.index for task in ledger(stub).last_tasks(JOB_ID, 2)] == [1, 0]
    assert (stub.only["ScanIndexForward"], stub.only["Limit"]) == (False, 2)


def test_a_filtered_page_is_filled_by_further_queries() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored_task(0)], LastEvaluatedKey=task_key(JOB_ID, 4))
        stub.answer("query", Items=[stored_task(5), stored_task(6)], LastEvaluatedKey=task_key(JOB_ID, 6))
        tasks, cursor = ledger(stub).tasks(JOB_ID, "failed", 3, None)
        stub.answer("query", Items=[stored_task(7)])
        last, end = ledger(stub).tasks(JOB_ID, "failed", 3, cursor)
    assert [task.index for task in (*tasks, *last)] == [0, 5, 6, 7]
    assert end is None
    assert [params["Limit"] for _, params in stub.calls] == [3, 2, 3]
    starts = [params.get("ExclusiveStartKey") for _, params in stub.calls]
    assert starts == [None, task_key(JOB_ID, 4), task_key(JOB_ID, 6)]


def test_all_pages_of_a_query_are_read() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer(
            "query", Items=[{"sk": {"S": "j1"}}], LastEvaluatedKey={"pk": {"S": "CANCELLED"}, "sk": {"S": "j1"}}
        )
        stub.answer("query", Items=[{"sk": {"S": "j2"}}])
        assert ledger(stub).cancelled() == {"j1", "j2"}


def test_an_id_that_is_no_job_id_is_not_looked_up() -> None:
    with stubbed("dynamodb") as stub:
        assert ledger(stub).job("x" * 3000) is None


@pytest.mark.parametrize("key", ["[]", '{"pk": "x"}', '{"pk": {"Q": "x"}}', '{"pk": {"S": 1}}', '{"pk": {}}'])
def test_a_cursor_that_is_no_key_is_refused_without_a_query(key: str) -> None:
    with stubbed("dynamodb") as stub, pytest.raises(Rejected, match="cursor") as refusal:
        ledger(stub).jobs(5, urlsafe_b64encode(key.encode()).decode())
    assert refusal.value.pointer == "/cursor"


def test_a_cursor_that_dynamodb_refuses_is_refused() -> None:
    cursor = urlsafe_b64encode(b'{"pk":{"S":"x"}}').decode()
    with stubbed("dynamodb") as stub:
        stub.refuse("query", "ValidationException")
        with pytest.raises(Rejected, match="invalid_cursor"):
            ledger(stub).jobs(5, cursor)
        stub.refuse("query", "ValidationException")
        with pytest.raises(stub.client.exceptions.ClientError):
            ledger(stub).jobs(5, None)
