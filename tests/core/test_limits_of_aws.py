"""Limits that AWS counts in bytes or in characters of its own choice, and that a local engine does not hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import msgspec
import pytest
from botocore.stub import ANY, Stubber

from umbel_core.aws.pictures import S3Pictures
from umbel_core.aws.tasks import SnsTasks
from umbel_core.clock import now
from umbel_core.errors import Rejected
from umbel_core.ledger import KEPT_ERRORS, ErrorRecord, Job, Task
from umbel_core.messages import RunTask
from umbel_core.views import job_view
from umbel_fetching.urls import canonical

_CALL_BYTES = 256 * 1024
_SOCKET_BYTES = 128 * 1024


@contextmanager
def stubbed(service: str) -> Iterator[tuple[Any, Stubber]]:
    """A client that answers what it is told to."""
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        yield client, stub


def test_a_message_holds_no_character_that_sqs_does_not_take_and_a_call_no_more_than_it_carries() -> None:
    texts = ["\uffff" * 10_000, "\ufffe\0\x0b", *["x" * 32_000] * 5]
    commands = [RunTask(job_id="j", index=i, op="say", variant="v", input=text) for i, text in enumerate(texts)]
    calls: list[list[str]] = []

    def publish(params: dict[str, Any], **_: Any) -> None:
        calls.append([entry["Message"] for entry in params["PublishBatchRequestEntries"]])

    with stubbed("sns") as (sns, stub):
        sns.meta.events.register("provide-client-params.sns.PublishBatch", publish)
        for _ in range(9):
            stub.add_response("publish_batch", {}, {"TopicArn": ANY, "PublishBatchRequestEntries": ANY})
        assert SnsTasks(sns, "arn", "arn.fifo", ()).publish(commands) == len(texts)
    messages = [message for call in calls for message in call]
    assert sorted(msgspec.json.decode(message, type=RunTask).index for message in messages) == list(range(len(texts)))
    assert {msgspec.json.decode(message, type=RunTask).input for message in messages} == set(texts)
    assert not set("\ufffe\uffff\0\x0b") & set("".join(messages))
    assert max(sum(len(message.encode()) for message in call) for call in calls) < _CALL_BYTES


def test_a_jobs_faults_fit_into_one_message_whatever_they_are_written_in() -> None:
    moment = now()
    task = Task(job_id="j" * 21, index=0, op="measure", variant="measure-100", input=1, group="S1", queued_at=moment)
    task.error = ErrorRecord("no_such_picture", "店" * 2000)
    job = Job(id="j" * 21, kind="batch", name="n", created_at=moment, updated_at=moment, total=10_000)
    job.errors = [ErrorRecord.of_task(task)] * KEPT_ERRORS
    assert len(msgspec.json.encode(job_view(job, str))) < _SOCKET_BYTES
    assert set(job.errors[0].message) == {"店"}


def test_a_picture_under_a_name_that_no_object_can_have_is_not_there() -> None:
    with stubbed("s3") as (s3, stub):
        stub.add_client_error("get_object", "KeyTooLongError", http_status_code=400)
        with pytest.raises(Rejected, match="no_such_picture"):
            S3Pictures(s3, "bucket", 1000).fetch("ä" * 600, None)


def test_a_host_with_a_name_that_no_host_can_have_is_no_address() -> None:
    canonical(f"http://{'a.' * 126}a/")
    with pytest.raises(Rejected, match="invalid_url"):
        canonical(f"http://{'a.' * 127}a/")
