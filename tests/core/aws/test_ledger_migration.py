"""The records of the version before are moved to where this version reads them, once."""

from typing import Any

from tests.core.aws.stubs import Stub, stubbed
from umbel_core.aws.dynamo import item
from umbel_core.aws.keys import cancelled_key, deployed_ops_key, job_key, job_shard
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.contract.records import JobStatus
from umbel_core.ledger import JobRecord

BEFORE = {**deployed_ops_key(), "ops": {"L": [{"S": "blur"}]}}


def ledger(stub: Stub) -> DynamoLedger:
    return DynamoLedger(stub.client, "table", retention_days=30)


def old_job(name: str, status: JobStatus) -> dict[str, Any]:
    """Return a record as the version before wrote it."""
    job = JobRecord(id=name, kind="task", name="n", status=status, planned=True, created_at="c", updated_at="t")
    return {**job_key(name), "listed": {"S": "JOBS"}, **item(job)}


def test_old_jobs_are_put_into_the_indexes_that_they_belong_to() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=BEFORE)
        stub.answer("query", Items=[])
        stub.answer("scan", Items=[old_job("j1", "completed"), old_job("j2", "failed")], LastEvaluatedKey=job_key("j2"))
        stub.answer("update_item", "update_item")
        stub.answer("scan", Items=[old_job("j3", "running"), {**job_key("torn"), "status": {"S": "what?"}}])
        stub.answer("update_item")
        assert ledger(stub).migrate() == 3
    for name, indexes in (("j1", set()), ("j2", {":failed_shard"}), ("j3", {":unfinished_shard"})):
        update = next(params for _, params in stub.calls if params.get("Key") == job_key(name))
        values = update["ExpressionAttributeValues"]
        assert values.keys() == {":creation", ":job_shard", ":version", *indexes}
        assert values[":creation"] == {"S": f"c#{name}"}
        assert all(values[index] == job_shard(name) for index in indexes)
        assert "REMOVE listed, unfinished" in update["UpdateExpression"]


def test_a_job_that_changed_meanwhile_is_left_as_it_is() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=BEFORE)
        stub.answer("query", Items=[])
        stub.answer("scan", Items=[old_job("j1", "completed")])
        stub.refuse("update_item", "ConditionalCheckFailedException")
        assert ledger(stub).migrate() == 0


def test_a_first_deployment_and_one_that_follows_this_version_read_no_jobs() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item")
        stub.answer("get_item", Item={**BEFORE, "indexed": {"BOOL": True}})
        assert [ledger(stub).migrate() for _ in range(2)] == [0, 0]


def test_the_mark_of_a_cancelled_job_is_moved_to_its_job() -> None:
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=BEFORE)
        stub.answer("query", Items=[{"pk": {"S": "CANCELLED"}, "sk": {"S": "j1"}, "expire_at": {"N": "7"}}])
        stub.answer("put_item")
        stub.answer("scan", Items=[])
        ledger(stub).migrate()
    written = next(params["Item"] for name, params in stub.calls if name == "PutItem")
    assert written == {**cancelled_key("j1"), "expire_at": {"N": "7"}}
