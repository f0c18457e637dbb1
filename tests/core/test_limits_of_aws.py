"""Limits of AWS, in bytes or in allowed characters, that a local engine does not enforce."""

import msgspec
import pytest

from coordinator.handler import NEEDED_MS
from coordinator.planner import _BYTES_PER_TASK, _MANIFEST_BYTES, _MOST_BYTES
from tests.core.aws.stubs import stubbed
from umbel_core.aws.keys import task_key
from umbel_core.aws.pictures import S3Pictures
from umbel_core.clock import now
from umbel_core.errors import Rejected
from umbel_core.ledger import KEPT_ERRORS, ErrorRecord, JobRecord, TaskRecord
from umbel_core.settings import Limits
from umbel_core.views import job_view
from umbel_fetching.urls import canonical

_SOCKET_BYTES = 128 * 1024


def test_a_jobs_errors_fit_into_one_message_in_any_language() -> None:
    moment = now()
    task = TaskRecord(
        job_id="j" * 21, index=0, op="measure", variant="measure-100", input=1, group="S1", queued_at=moment
    )
    task.error = ErrorRecord("no_such_picture", "店" * 2000)
    job = JobRecord(id="j" * 21, kind="batch", name="n", created_at=moment, updated_at=moment, total=10_000)
    job.errors = [ErrorRecord.of_task(task)] * KEPT_ERRORS
    assert len(msgspec.json.encode(job_view(job, str))) < _SOCKET_BYTES
    assert set(job.errors[0].message) == {"店"}


def test_a_picture_whose_key_is_too_long_does_not_exist() -> None:
    with stubbed("s3") as stub:
        stub.refuse("get_object", "KeyTooLongError")
        with pytest.raises(Rejected, match="no_such_picture"):
            S3Pictures(stub.client, "bucket", 1000).fetch("ä" * 600, None)


def test_a_host_name_that_is_too_long_is_no_url() -> None:
    canonical(f"http://{'a.' * 126}a/")
    with pytest.raises(Rejected, match="invalid_url"):
        canonical(f"http://{'a.' * 127}a/")


def test_a_job_of_the_most_tasks_can_be_planned_and_published() -> None:
    """A FIFO topic takes a call of ten tasks in some 25 ms, one by one. Planning goes on where it was stopped."""
    most = _largest("max_tasks")
    assert most / 10 * 25 <= NEEDED_MS
    assert _MANIFEST_BYTES + most * _BYTES_PER_TASK <= _MOST_BYTES
    assert task_key("j", most)["sk"]["S"] > task_key("j", 9)["sk"]["S"], "keys sort by the index"


def _largest(limit: str) -> int:
    (field,) = [each for each in msgspec.inspect.type_info(Limits).fields if each.name == limit]  # type: ignore[attr-defined]
    return int(field.type.type.le)
