"""Reads of the ledger: consistent where a stale answer would be wrong, in pages that are as full as asked for."""

from base64 import urlsafe_b64encode

import pytest

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.dynamo import item
from umbel_core.aws.keys import cancelled_key, job_key, task_key
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.errors import Rejected
from umbel_core.ledger import DeadLetter, TaskRecord

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
        stub.answer("query", "query", Items=[])
        assert list(ledger(stub).all_tasks(JOB_ID)) == []
        assert ledger(stub).dead_letters("say") == []
    assert all(params["ConsistentRead"] is True for _, params in stub.calls)


def test_a_redrive_reads_no_page_that_it_does_not_need() -> None:
    stored = [item(DeadLetter(op="say", id=f"m{n}", body="{}", reason="r", at="t", job_id="j")) for n in range(3)]
    strange = item(DeadLetter(op="say", id="m", body="?", reason="r", at="t"))
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[strange, *stored], LastEvaluatedKey=job_key(JOB_ID))
        assert [kept.id for kept in ledger(stub).redrivable("say", 2)] == ["m0", "m1"]
    assert len(stub.calls) == 1


def test_the_last_tasks_come_backwards() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored_task(1), stored_task(0)])
        assert [task.index for task in ledger(stub).last_tasks(JOB_ID, 2)] == [1, 0]
    assert (stub.only["ScanIndexForward"], stub.only["Limit"]) == (False, 2)


def test_a_filtered_page_is_filled_by_further_queries_of_many_tasks_each() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored_task(0)], LastEvaluatedKey=task_key(JOB_ID, 999))
        stub.answer("query", Items=[stored_task(index) for index in (1005, 1006, 1007)])
        tasks, cursor = ledger(stub).tasks(JOB_ID, "failed", 3, None)
        stub.answer("query", Items=[stored_task(1007)])
        last, end = ledger(stub).tasks(JOB_ID, "failed", 3, cursor)
    assert [task.index for task in (*tasks, *last)] == [0, 1005, 1006, 1007]
    assert end is None
    assert [params["Limit"] for _, params in stub.calls] == [1000, 1000, 1000]
    starts = [params.get("ExclusiveStartKey") for _, params in stub.calls]
    assert starts == [None, task_key(JOB_ID, 999), task_key(JOB_ID, 1006)]


def test_a_filtered_page_takes_at_most_twenty_queries_and_its_cursor_goes_on() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer(*["query"] * 20, Items=[], LastEvaluatedKey=task_key(JOB_ID, 7))
        tasks, cursor = ledger(stub).tasks(JOB_ID, "failed", 3, None)
        assert tasks == []
        stub.answer("query", Items=[stored_task(8)])
        assert [task.index for task in ledger(stub).tasks(JOB_ID, "failed", 3, cursor)[0]] == [8]
    assert stub.calls[-1][1]["ExclusiveStartKey"] == task_key(JOB_ID, 7)


def test_all_pages_of_a_query_are_read() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("query", Items=[stored_task(0)], LastEvaluatedKey=task_key(JOB_ID, 0))
        stub.answer("query", Items=[stored_task(1)])
        assert [task.index for task in ledger(stub).all_tasks(JOB_ID)] == [0, 1]


def test_the_cancelled_ones_of_some_jobs_are_read_by_one_consistent_call() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("batch_get_item", Responses={"table": [cancelled_key("j2")]})
        assert ledger(stub).cancelled({"j1", "j2"}) == {"j2"}
    request = stub.only["RequestItems"]["table"]
    assert request["ConsistentRead"] is True
    assert sorted(key["pk"]["S"] for key in request["Keys"]) == ["JOB#j1", "JOB#j2"]


def test_an_id_that_is_no_job_id_is_not_looked_up() -> None:
    with stubbed("dynamodb") as stub:
        assert ledger(stub).job("x" * 3000) is None


@pytest.mark.parametrize(
    "key",
    [
        *("[]", '{"pk": "x"}', '{"pk": {"Q": "x"}}', '{"pk": {"S": 1}}', '{"pk": {}}', '{"pk": {"S": "x"}}'),
        *('{"creation": {"S": ""}}', f'{{"creation": {{"S": "{"x" * 3000}"}}}}'),
    ],
)
def test_a_cursor_that_is_no_place_in_the_list_is_refused_without_a_query(key: str) -> None:
    with stubbed("dynamodb") as stub, pytest.raises(Rejected, match="cursor") as refusal:
        ledger(stub).jobs(5, urlsafe_b64encode(key.encode()).decode())
    assert refusal.value.pointer == "/cursor"


def test_a_cursor_that_dynamodb_refuses_is_refused() -> None:
    cursor = urlsafe_b64encode(b'{"pk":{"S":"x"}}').decode()
    with stubbed("dynamodb") as stub:
        stub.refuse("query", "ValidationException")
        with pytest.raises(Rejected, match="invalid_cursor"):
            ledger(stub).tasks(JOB_ID, None, 5, cursor)
        stub.refuse("query", "ValidationException")
        with pytest.raises(stub.client.exceptions.ClientError):
            ledger(stub).tasks(JOB_ID, None, 5, None)
