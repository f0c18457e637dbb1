"""Messages of S3 and of the API are read from the intake queue."""

import json
from urllib.parse import quote_plus

import msgspec
import pytest

from tests.fakes import FakeLedger
from umbel_core.ids import JOB_ID, job_id_of, new_job_id, split_task_id, task_id
from umbel_core.intake_messages import ObjectCreated, event_of, job_for, read_message
from umbel_core.ledger import JobRecord
from umbel_core.messages import JobCommand, ReleaseTasks, RepublishTasks, RetryTasks


def notice(*keys: str, quote: bool = True) -> str:
    """Return S3's event for objects with these keys."""
    entries = [{"key": quote_plus(key) if quote else key, "size": 3, "eTag": "e", "sequencer": "1"} for key in keys]
    return json.dumps({"Records": [{"s3": {"bucket": {"name": "b"}, "object": entry}} for entry in entries]})


@pytest.mark.parametrize(
    "key",
    [
        "uploads/a b.jpg",
        "uploads/a+b.jpg",
        "uploads/ä/日本.jpg",
        "uploads/100%25.jpg",
        "uploads/a%2Fb.jpg",
        "uploads/../../etc/passwd",
        "uploads/line\nbreak.jpg",
        "uploads/quote'\"<script>.jpg",
        "jobs/visits 2.json",
    ],
)
def test_a_key_comes_back_as_it_was(key: str) -> None:
    (created,) = read_message(notice(key))
    assert isinstance(created, ObjectCreated)
    assert (created.key, created.is_manifest) == (key, key.startswith("jobs/"))
    job = job_for(created, FakeLedger())
    assert JOB_ID.fullmatch(job.id)
    assert job.source == key


@pytest.mark.parametrize(
    "key", ["uploads/", "uploads/folder/", "jobs/", "inputs/j1", "elsewhere/a.jpg", "uploadsa.jpg"]
)
def test_folder_markers_and_other_prefixes_start_nothing(key: str) -> None:
    assert list(read_message(notice(key))) == []


def test_a_key_that_ends_in_a_slash_is_named_so_that_it_can_be_logged() -> None:
    ignored: list[str] = []
    (created,) = read_message(notice("uploads/cat.jpg/", "uploads/cat.jpg"), ignored.append)
    assert isinstance(created, ObjectCreated)
    assert (ignored, created.key) == (["uploads/cat.jpg/"], "uploads/cat.jpg")


def test_the_test_event_of_s3_starts_nothing() -> None:
    assert list(read_message('{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}')) == []


def test_a_message_may_contain_many_objects() -> None:
    assert len(list(read_message(notice("uploads/a", "uploads/b/", "uploads/c")))) == 2


@pytest.mark.parametrize(
    "command", [RetryTasks("j1", [2, 3]), RepublishTasks("j1", [2, 3], "t"), ReleaseTasks("j1", "trace")]
)
def test_a_command_is_read_from_the_same_queue(command: JobCommand) -> None:
    assert list(read_message(msgspec.json.encode(command).decode())) == [command]


@pytest.mark.parametrize("key", ["uploads/a+b %é/c.jpg", "jobs/j1.json"])
def test_an_event_that_was_lost_is_made_again(key: str) -> None:
    created = ObjectCreated("bucket", key, 3, "etag", "")
    assert list(read_message(event_of(created))) == [created]


def test_a_command_for_very_many_tasks_is_sent_in_parts() -> None:
    parts = list(RepublishTasks.several("j1", list(range(25_000)), "t"))
    assert [len(part.indices) for part in parts] == [10_000, 10_000, 5_000]
    assert max(len(msgspec.json.encode(part)) for part in parts) < 256_000


def test_the_same_event_is_the_same_job_and_a_new_upload_a_new_one() -> None:
    assert job_id_of("b", "k", "1") == job_id_of("b", "k", "1")
    assert len({job_id_of("b", "k", "1"), job_id_of("b", "k", "2"), job_id_of("c", "k", "1"), new_job_id()}) == 4


@pytest.mark.parametrize("place", ["uploads/default/{}/cat.jpg", "uploads/{}/cat.jpg", "jobs/{}.json"])
def test_a_job_created_by_the_api_is_found_by_its_key(place: str) -> None:
    ledger, expected_id = FakeLedger(), new_job_id()
    key = place.format(expected_id)
    ledger.expect(JobRecord(id=expected_id, kind="upload", name="n", created_at="t", updated_at="t", source=key))
    (created,) = read_message(notice(key))
    (other,) = read_message(notice(key.replace(expected_id, f"{expected_id}/..")))
    assert isinstance(created, ObjectCreated)
    assert isinstance(other, ObjectCreated)
    assert job_for(created, ledger).id == expected_id
    assert job_for(other, ledger).id != expected_id, "another object whose key contains the job id"


def test_a_task_id_contains_the_job_id_and_the_index() -> None:
    job = new_job_id()
    assert split_task_id(task_id(job, 12)) == (job, 12)
    assert split_task_id(job) == (job, 0)
    for wrong in ("", "j.1", f"{job}.x", f"{job}.-1", f"{job}.1234567", f"{job}.١", f"x{job}.1"):
        assert split_task_id(wrong) is None
