"""The rules of the API's views: caches, limits, retries, queries."""

import json
import time
from typing import Any

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.parsers import ResponseParserError
from chalice.app import Request

from api import health, images, jobs, ops, silent_jobs, uploads
from api.app import ImagesQuery, JobsQuery, TasksQuery
from api.idempotency import NewJob
from api.routing import read_query
from tests.fakes import FakeBucket, FakeIntake, FakeLedger
from tests.fakes import FakeLanes as LanesWithQueues
from tests.functions.gateway import proxy_event
from tests.functions.stage import CATALOGUE, RECIPES
from umbel_core.circuit_breaker import CircuitRecord
from umbel_core.clock import epoch, now
from umbel_core.contract import Accepted, CircuitState, Health, OpStatus, Redriven, UploadRequest
from umbel_core.errors import Rejected
from umbel_core.ids import new_job_id
from umbel_core.ledger import DeadLetter, JobRecord, TaskRecord
from umbel_core.messages import RepublishTasks, RetryTasks
from umbel_core.settings import Limits


class FakeLanes:
    """Lanes that count how often they are read."""

    def __init__(self) -> None:
        self.asked = 0

    def health(self) -> dict[str, str]:
        self.asked += 1
        return {"say": "paused"}


class FakeCircuits:
    """The circuit of one host is open."""

    def all(self) -> dict[str, CircuitRecord]:
        return {"example.org:443": CircuitRecord(failures=5, open_until=epoch() + 60, expire_at=epoch() + 600)}


def test_health_asks_once_however_many_ask_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes, clock = FakeLanes(), [100.0]
    monkeypatch.setattr(health, "lanes", lambda: lanes)
    monkeypatch.setattr(health, "catalogue", lambda: CATALOGUE)
    monkeypatch.setattr(health, "circuits", FakeCircuits)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    left_alone: dict[str, CircuitState] = {"example.org:443": "open"}
    ops: dict[str, OpStatus] = {"recite": "degraded", "say": "paused", "soft": "degraded"}
    expected = Health(status="degraded", ops=ops, circuits=left_alone)
    assert [health.health() for _ in range(9)] == [expected] * 9
    assert lanes.asked == 1
    clock[0] += 5
    health.health()
    assert lanes.asked == 2


@pytest.mark.parametrize("error", [EndpointConnectionError(endpoint_url="x"), ResponseParserError("half an answer")])
def test_health_is_degraded_while_aws_does_not_say_how_the_lanes_are(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Unreachable:
        def health(self) -> dict[str, str]:
            raise error

    monkeypatch.setattr(health, "lanes", Unreachable)
    monkeypatch.setattr(health, "catalogue", lambda: CATALOGUE)
    monkeypatch.setattr(time, "monotonic", lambda: -100.0)
    assert health.health() == Health(status="degraded", ops=dict.fromkeys(CATALOGUE, "degraded"))


@pytest.mark.parametrize(("limit", "count"), [(2, 2), (1000, 300)])
def test_images_are_the_newest_and_300_at_most(monkeypatch: pytest.MonkeyPatch, limit: int, count: int) -> None:
    ledger = FakeLedger()
    for place in range(310):
        kept = {"blur": {"key": f"{place}.jpg"}}
        ledger.expect(
            JobRecord(id=f"j{place}", kind="upload", name="", created_at=f"{place:03}", updated_at="", variants=kept)
        )
    monkeypatch.setattr(images, "ledger", lambda: ledger)
    monkeypatch.setattr(images, "results", FakeBucket)
    found = images.images(limit)
    assert list(found) == [f"j{309 - place}" for place in range(count)]
    assert found["j309"] == {"blur": "https://results.example/309.jpg"}


def test_dead_letters_are_sent_again_a_job_at_a_time_and_no_more_than_a_call_has_time_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ledger, intake = FakeLedger(), FakeIntake()
    for name, value in (("ledger", ledger), ("intake", intake), ("catalogue", CATALOGUE)):
        monkeypatch.setattr(ops, name, lambda value=value: value)
    for place in range(1100):
        fields: dict[str, Any] = {"job_id": f"j{place % 3}", "index": place} if place else {}
        ledger.put_dead_letter(DeadLetter(op="say", id=f"m{place}", body="{}", reason="r", at="t", **fields))
    assert ops.redrive("say") == Redriven(op="say", redriven=1000)
    assert ops.redrive("say") == Redriven(op="say", redriven=99)
    assert [letter.id for letter in ledger.dead_letters("say")] == ["m0"]
    sent = [msgspec.json.decode(body, type=RetryTasks) for body in intake.bodies]
    assert len(sent) == 6
    assert sorted((task % 3, task) for retry in sent for task in retry.indices or ()) == sorted(
        (place % 3, place) for place in range(1, 1100)
    )


def test_the_intakes_dead_letters_are_sent_again_as_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, intake = FakeLedger(), FakeIntake()
    for name, value in (("ledger", ledger), ("intake", intake)):
        monkeypatch.setattr(ops, name, lambda value=value: value)
    for body in ("one", "two"):
        ledger.put_dead_letter(DeadLetter(op="intake", id=body, body=body, reason="r", at="t"))
    assert ops.redrive("intake") == Redriven(op="intake", redriven=2)
    assert (sorted(intake.bodies), ledger.dead_letters("intake")) == (["one", "two"], [])


def test_images_are_looked_for_among_the_newest_jobs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(FakeLedger):
        asked = 0

        def jobs(
            self, limit: int, cursor: str | None, status: str | None = None, kind: str | None = None
        ) -> tuple[list[JobRecord], str | None]:
            self.asked += 1
            return [JobRecord(id="j", kind="task", name="", created_at="", updated_at="")] * limit, "more"

    ledger = Endless()
    monkeypatch.setattr(images, "ledger", lambda: ledger)
    assert images.images(300) == {}
    assert ledger.asked == 50


@pytest.mark.parametrize("letter", ["x", "ü", '"'])
def test_a_page_is_no_longer_than_what_a_function_may_answer(letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, moment = FakeLedger(), now()
    job = JobRecord(id=new_job_id(), kind="manifest", name="n", created_at=moment, updated_at=moment, planned=True)
    text = letter * (32_000 // len(msgspec.json.encode(letter)[1:-1]))
    fields: dict[str, Any] = {"op": "say", "input": text, "result": text, "queued_at": moment}
    ledger.plan(job, [TaskRecord(job_id=job.id, index=place, variant=f"say-{place}", **fields) for place in range(205)])
    monkeypatch.setattr(jobs, "ledger", lambda: ledger)
    monkeypatch.setattr(jobs, "results", FakeBucket)
    seen: list[str] = []
    cursor = None
    while True:
        page = jobs.tasks(job.id, 1000, cursor, None)
        assert len(json.dumps({"statusCode": 200, "body": msgspec.json.encode(page).decode()})) < 6 * 1024 * 1024
        seen += [task.id for task in page.tasks]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [f"{job.id}.{place}" for place in range(205)]


def test_an_announced_upload_leaves_the_ledger_when_no_file_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = FakeLedger()
    for name, value in (("ledger", ledger), ("limits", Limits()), ("recipes", RECIPES), ("uploads", FakeBucket())):
        monkeypatch.setattr(uploads, name, lambda value=value: value)
    answer = uploads.request_upload(
        UploadRequest("cat.jpg", 9, "image/jpeg"), NewJob(Request(proxy_event("POST", "/uploads")))
    )
    job = ledger.job(answer.job_id)
    assert job
    assert 7100 < job.expire_at - epoch() <= 7200


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> tuple[FakeLedger, FakeIntake]:
    """The ledger and the queue that the views on jobs write to."""
    ledger, intake = FakeLedger(), FakeIntake()
    monkeypatch.setattr(jobs, "ledger", lambda: ledger)
    monkeypatch.setattr(silent_jobs, "ledger", lambda: ledger)
    monkeypatch.setattr(jobs, "intake", lambda: intake)
    return ledger, intake


def of_two_tasks(**fields: Any) -> JobRecord:
    """A planned job."""
    return JobRecord(id="j1", kind="task", name="", created_at="t", updated_at="t", planned=True, total=2, **fields)


def test_a_retried_job_is_pending_at_once_and_may_be_cancelled(kept: tuple[FakeLedger, FakeIntake]) -> None:
    ledger, intake = kept
    ledger.expect(of_two_tasks(status="failed", completed=1, failed=1))
    assert jobs.retry("j1") == Accepted(job_id="j1", status="pending")
    assert len(intake.bodies) == 1
    found = ledger.job("j1")
    assert found
    assert found.status == "pending"
    assert jobs.cancel("j1") == Accepted(job_id="j1", status="cancelled")


def test_a_cancelled_job_may_be_retried_before_its_tasks_are_skipped(kept: tuple[FakeLedger, FakeIntake]) -> None:
    ledger, intake = kept
    ledger.expect(of_two_tasks(completed=1))
    ledger.cancel("j1")
    jobs.retry("j1")
    assert ledger.cancelled(["j1"]) == frozenset()
    assert [msgspec.json.decode(body, type=RetryTasks) for body in intake.bodies] == [RetryTasks("j1", waiting=True)]


@pytest.mark.parametrize("fields", [{"status": "completed", "completed": 2}, {"status": "running", "completed": 1}])
def test_where_nothing_failed_there_is_nothing_to_retry(
    fields: dict[str, Any], kept: tuple[FakeLedger, FakeIntake]
) -> None:
    ledger, intake = kept
    ledger.expect(of_two_tasks(**fields))
    with pytest.raises(Rejected, match="nothing to run again"):
        jobs.retry("j1")
    assert intake.bodies == []


def test_a_job_that_waits_although_its_lane_is_empty_has_its_messages_sent_again(
    kept: tuple[FakeLedger, FakeIntake], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, intake = kept
    lanes = LanesWithQueues("say", "recite")
    lanes.queues["recite"] = 1
    monkeypatch.setattr(silent_jobs, "lanes", lambda: lanes)
    monkeypatch.setattr(silent_jobs, "catalogue", lambda: CATALOGUE)
    tasks = [
        TaskRecord(job_id="j1", index=index, op=op, variant=op, input="x", queued_at="t")
        for index, op in enumerate(("say", "recite", "gone"))
    ]
    ledger.plan(of_two_tasks(), tasks)
    assert jobs.retry("j1") == Accepted(job_id="j1", status="pending")
    (command,) = (msgspec.json.decode(body, type=RepublishTasks) for body in intake.bodies)
    assert command.indices == [0], "those of a lane with messages, and of an op that is gone, are not"
    lanes.queues["say"] = 1
    with pytest.raises(Rejected, match="nothing to run again"):
        jobs.retry("j1")
    lanes.queues["say"] = 0
    intake.bodies.clear()
    job = ledger.job("j1")
    assert job
    ledger.write([(job, msgspec.structs.replace(job, failed=1))], [])
    jobs.retry("j1")
    assert [msgspec.json.decode(body)["type"] for body in intake.bodies] == ["republish", "retry"], (
        "some failed as well"
    )


def test_a_retry_does_not_send_the_tasks_that_are_held(
    kept: tuple[FakeLedger, FakeIntake], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, intake = kept
    monkeypatch.setattr(silent_jobs, "lanes", lambda: LanesWithQueues("say"))
    monkeypatch.setattr(silent_jobs, "catalogue", lambda: CATALOGUE)
    tasks = [TaskRecord(job_id="j1", index=i, op="say", variant=f"{i}", input="x", queued_at="t") for i in range(2)]
    ledger.plan(of_two_tasks(max_in_flight=1, held="1"), tasks)
    jobs.retry("j1")
    (command,) = (msgspec.json.decode(body, type=RepublishTasks) for body in intake.bodies)
    assert command.indices == [0]


@pytest.mark.parametrize("limit", ["", "0", "00", "-1", "1.0", "²", "9" * 5000])
def test_a_limit_is_a_whole_number_from_one_up(limit: str) -> None:
    with pytest.raises(Rejected, match="limit must be") as refusal:
        read_query({"limit": limit}, JobsQuery)
    assert (refusal.value.code, refusal.value.pointer) == ("invalid_limit", "/limit")


@pytest.mark.parametrize(
    ("kind", "query", "code", "sentence"),
    [
        (JobsQuery, {"limit": "-1"}, "invalid_limit", "limit must be at least 1, not -1."),
        (JobsQuery, {"status": "done"}, "invalid_status", "status must be one of cancelled, completed, failed, "),
        (JobsQuery, {"kind": "jobs"}, "invalid_kind", "kind must be one of batch, crawl, image, manifest, task, "),
        (TasksQuery, {"status": "cancelled"}, "invalid_status", "status must be one of completed, failed, pending, "),
        (JobsQuery, {"source": "nope"}, "invalid_query", "source is not known; known are limit, cursor, "),
        (ImagesQuery, {"limt": "3"}, "invalid_query", "limt is not known; did you mean limit?"),
    ],
)
def test_a_query_takes_only_what_is_known(kind: Any, query: dict[str, str], code: str, sentence: str) -> None:
    with pytest.raises(Rejected) as refusal:
        read_query(query, kind)
    assert refusal.value.code == code
    assert refusal.value.sentence.startswith(sentence)


def test_a_query_is_read_with_its_defaults() -> None:
    assert read_query({"limit": "3"}, JobsQuery) == JobsQuery(limit=3)
    assert read_query({"limit": "99999999999"}, JobsQuery) == JobsQuery(limit=99_999_999_999)
    assert read_query({}, TasksQuery).limit == 100
