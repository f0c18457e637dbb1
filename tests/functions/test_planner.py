"""A new object becomes a planned and published job, however often its event is delivered."""

import json

import msgspec
import pytest

from infra.function import FUNCTIONS
from tests.fakes import CrashError, Crashes
from tests.functions.stage import CATALOGUE, Stage
from umbel_core.aws.keys import job_key
from umbel_core.catalogue import read_ops
from umbel_core.clock import now
from umbel_core.ids import new_job_id
from umbel_core.intake_messages import read_message
from umbel_core.ledger import ErrorRecord, JobRecord, Outcome
from umbel_core.messages import RetryTasks
from umbel_core.recipes import RecipeVariant
from umbel_core.settings import Limits
from umbel_core.submit import Submitter
from umbel_core.views import job_view

MANIFEST = json.dumps({"tasks": [{"op": "say", "input": "hi"}, {"op": "say", "input": "ho"}]}).encode()


def plan(stage: Stage, body: str) -> tuple[str, int]:
    (created,) = read_message(body)
    return stage.planner.take(created)


def job_in(stage: Stage, job_id: str) -> JobRecord:
    found = stage.ledger.job(job_id)
    assert found
    return found


@pytest.mark.parametrize(
    ("key", "variants"), [("uploads/cat.jpg", "ab"), ("uploads/hero/cat.jpg", ["big"]), ("uploads/other/cat.jpg", "ab")]
)
def test_a_picture_gets_its_recipe(key: str, variants: list[str]) -> None:
    stage = Stage()
    job, published = plan(stage, stage.drop(key, b"pixels"))
    assert published == len(variants)
    assert [command.variant for command in stage.tasks.commands] == list(variants)
    assert {(command.input, command.etag) for command in stage.tasks.commands} == {(key, stage.uploads.etag(key))}
    assert (job_in(stage, job).total, job_in(stage, job).kind) == (len(variants), "upload")


def test_the_same_event_is_the_same_job_and_publishes_only_what_is_pending() -> None:
    stage = Stage()
    notice = stage.drop("jobs/a.json", MANIFEST)
    job, _ = plan(stage, notice)
    stage.ledger.commit(stage.tasks.commands[0], Outcome(status="completed", finished_at=now()))
    assert plan(stage, notice) == (job, 1)
    assert [command.index for command in stage.tasks.commands] == [0, 1, 1]
    assert len(stage.ledger.jobs(10, None)[0]) == 1


@pytest.mark.parametrize("moment", range(8))
def test_wherever_the_planner_crashes_the_next_delivery_completes_the_plan(moment: int) -> None:
    crashes = Crashes()
    stage = Stage(crashes)
    notice = stage.drop("jobs/a.json", MANIFEST)
    crashes.crash_at(moment)
    try:
        plan(stage, notice)
    except CrashError:
        crashes.crash_at(None)
        plan(stage, notice)
    crashes.crash_at(None)
    assert {command.index for command in stage.tasks.commands} == {0, 1}


def test_a_job_is_not_planned_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    notice = stage.drop("jobs/a.json", MANIFEST)
    job, _ = plan(stage, notice)
    monkeypatch.setattr(stage.ledger, "plan", lambda *_: pytest.fail("planned again"))
    assert plan(stage, notice) == (job, 2)


def test_a_job_created_by_the_api_keeps_its_id_and_its_name() -> None:
    stage, job = Stage(), new_job_id()
    key = f"uploads/hero/{job}/my cat.jpg"
    created = JobRecord(id=job, kind="upload", name="my cat.jpg", created_at="t", updated_at="t", source=key)
    stage.ledger.expect(created)
    assert plan(stage, stage.drop(key, b"pixels")) == (job, 1)
    found = job_in(stage, job)
    assert (found.name, found.recipe, found.planned) == ("my cat.jpg", "hero", True)
    assert found.version > created.version, "subscribers must treat the plan as newer than the pending job"


def announced_job(stage: Stage) -> str:
    """Return the key of a job that waits for its upload."""
    job = new_job_id()
    key = f"uploads/hero/{job}/cat.jpg"
    stage.ledger.expect(JobRecord(id=job, kind="upload", name="cat.jpg", created_at="t", updated_at="t", source=key))
    return key


def run_all(stage: Stage) -> None:
    for command in stage.tasks.commands:
        stage.runner().run(command, 1)


@pytest.mark.parametrize("swapped", [False, True])
def test_two_pictures_with_one_ticket_are_two_jobs_with_their_own_results(swapped: bool) -> None:
    stage = Stage()
    key = announced_job(stage)
    notices = [stage.drop(key, b"one", "1"), stage.drop(key, b"two", "2")]
    expected = [b"one", b"two"]
    if swapped:  # S3 does not deliver events in order
        notices.reverse()
        expected.reverse()
    first, second = (plan(stage, notice)[0] for notice in notices)
    assert (first, second != first) == (key.split("/")[2], True), (
        "the first event's job is the one that the API created"
    )
    run_all(stage)
    assert [stage.results.objects[f"{job}/big.png"] for job in (first, second)] == expected
    assert [job_in(stage, job).source for job in (first, second)] == [key, key]


def test_every_event_of_an_upload_is_of_its_job_whatever_comes_between() -> None:
    stage = Stage()
    key = announced_job(stage)
    one, two = stage.drop(key, b"one", "1"), stage.drop(key, b"two", "2")
    jobs = [plan(stage, notice)[0] for notice in (one, two, one, two, two, one)]
    assert jobs == [jobs[0], jobs[1], jobs[0], jobs[1], jobs[1], jobs[0]]
    assert len(stage.ledger.jobs(10, None)[0]) == 2


def test_a_picture_that_a_client_sends_again_because_the_answer_was_lost_is_the_same_job() -> None:
    stage = Stage()
    key = announced_job(stage)
    jobs = {plan(stage, stage.drop(key, b"one", sequencer))[0] for sequencer in "123"}
    assert jobs == {key.split("/")[2]}


@pytest.mark.parametrize("moment", range(10))
def test_a_crash_while_the_first_of_two_uploads_is_planned_loses_neither(moment: int) -> None:
    crashes = Crashes()
    stage = Stage(crashes)
    key = announced_job(stage)
    notices = [stage.drop(key, b"one", "1"), stage.drop(key, b"two", "2")]
    crashes.crash_at(moment)
    delivered = []
    for notice in notices:
        try:
            plan(stage, notice)
        except CrashError:
            delivered.append(notice)
    crashes.crash_at(None)
    for notice in delivered:
        plan(stage, notice)
    run_all(stage)
    assert sorted(stage.results.objects.values()) == [b"one", b"two"]


def test_a_job_that_the_version_before_planned_keeps_its_upload() -> None:
    stage = Stage()
    key = announced_job(stage)
    notice = stage.drop(key, b"one")
    job, _ = plan(stage, notice)
    stage.ledger._put(job_key(job), msgspec.structs.replace(job_in(stage, job), upload=None))
    assert plan(stage, notice)[0] == job


def test_a_redriven_job_has_no_error_of_its_earlier_tries() -> None:
    stage, job = Stage(), new_job_id()
    key = f"jobs/{job}.json"
    stage.ledger.expect(JobRecord(id=job, kind="manifest", name="n", created_at="t", updated_at="t", source=key))
    notice = stage.drop(key, MANIFEST)
    stage.dead_letters.fail_jobs("m", notice)
    assert [error.code for error in job_in(stage, job).errors] == ["not_planned"]
    assert job_in(stage, job).version == 2, "subscribers must treat it as newer than the pending job"
    assert plan(stage, notice) == (job, 2)
    assert (job_in(stage, job).status, job_in(stage, job).errors) == ("pending", [])


def test_a_job_cancelled_before_it_was_planned_still_gets_its_tasks() -> None:
    stage, job = Stage(), new_job_id()
    key = f"jobs/{job}.json"
    stage.ledger.expect(JobRecord(id=job, kind="manifest", name="n", created_at="t", updated_at="t", source=key))
    stage.ledger.cancel(job)
    assert plan(stage, stage.drop(key, MANIFEST)) == (job, 2)
    assert (job_in(stage, job).status, job_in(stage, job).total) == ("cancelled", 2)


def test_a_job_cancelled_while_it_is_planned_keeps_its_cancellation_and_all_its_tasks() -> None:
    stage = Stage()
    created = Submitter(stage.ledger, stage.uploads, CATALOGUE, Limits()).submit(MANIFEST)
    notice, read = stage.notice(str(created.source)), stage.uploads.read

    def cancelled_meanwhile(key: str, etag: str = "", version: str = "") -> bytes:
        stage.ledger.cancel(created.id)
        return read(key, etag, version)

    stage.uploads.read = cancelled_meanwhile  # type: ignore[method-assign]
    assert plan(stage, notice) == (created.id, 2)
    assert (job_in(stage, created.id).status, job_in(stage, created.id).total) == ("cancelled", 2)


def test_a_cancelled_job_stays_cancelled_when_its_manifest_is_invalid() -> None:
    stage, job = Stage(), new_job_id()
    key = f"jobs/{job}.json"
    stage.ledger.expect(JobRecord(id=job, kind="manifest", name="n", created_at="t", updated_at="t", source=key))
    stage.ledger.cancel(job)
    assert plan(stage, stage.drop(key, b"{")) == (job, 0)
    assert (job_in(stage, job).status, len(job_in(stage, job).errors)) == ("cancelled", 1)


@pytest.mark.parametrize(
    ("key", "data", "code"),
    [
        ("uploads/empty.jpg", b"", "empty_file"),
        ("uploads/huge.jpg", b"x" * 1025, "too_large"),
        ("jobs/a.json", b"{", "invalid_json"),
        ("jobs/a.json", b"", "invalid_json"),
        ("jobs/a.json", MANIFEST + b" " * 18_000_000, "too_large"),
        ("jobs/a.json", b'{"tasks":[{"op":"none","input":1}]}', "unknown_op"),
        ("jobs/a.json", b'{"tasks":[{"op":"%s","input":1}]}' % (b"x" * 500_000), "unknown_op"),
    ],
)
def test_a_refused_object_is_a_failed_job_with_one_error(key: str, data: bytes, code: str) -> None:
    stage = Stage(limits=Limits(max_upload_bytes=1024))
    job, published = plan(stage, stage.drop(key, data))
    found = job_in(stage, job)
    assert (published, found.status, found.total, found.planned) == (0, "failed", 0, True)
    assert [error.code for error in found.errors] == [code]
    assert len(found.errors[0].message.encode()) <= 4000, "it must fit into the job's record"
    assert stage.tasks.messages == []


def test_a_replaced_manifest_is_planned_as_it_was_uploaded() -> None:
    stage = Stage()
    older = stage.drop("jobs/a.json", MANIFEST, "1")
    newer = stage.drop("jobs/a.json", MANIFEST.replace(b"hi", b"he"), "2")
    assert plan(stage, older)[0] != plan(stage, newer)[0]
    assert [command.input for command in stage.tasks.commands] == ["hi", "ho", "he", "ho"]


def test_a_replaced_manifest_without_a_version_fails_only_the_older_job() -> None:
    stage = Stage()
    stage.drop("jobs/a.json", MANIFEST)
    older = stage.notice("jobs/a.json", "1")
    stage.drop("jobs/a.json", MANIFEST.replace(b"hi", b"he"))
    job, _ = plan(stage, older)
    assert [error.code for error in job_in(stage, job).errors] == ["superseded"]
    assert plan(stage, stage.notice("jobs/a.json", "2"))[1] == 2


def test_a_picture_inside_a_request_gets_the_requested_op_and_no_recipe() -> None:
    stage = Stage()
    body = b'{"image_data":"cGl4","operation":"soft","params":{"radius":2}}'
    pending = Submitter(stage.ledger, stage.uploads, CATALOGUE, Limits()).submit(body)
    assert stage.uploads.objects == {f"uploads/{pending.id}/picture": b"pix"}
    job, _ = plan(stage, stage.notice(str(pending.source)))
    found = job_in(stage, job)
    assert (found.id, found.kind, found.recipe, found.total) == (pending.id, "image", None, 1)
    (command,) = stage.tasks.commands
    assert (command.op, command.params, command.input) == ("soft", {"radius": 2}, pending.source)


def test_the_tasks_of_a_bulk_recipe_a_bulk_request_and_a_large_manifest_are_bulk_and_stay_so_in_a_retry() -> None:
    stage = Stage()
    bulk = {"archive": {"a": RecipeVariant("soft", priority="bulk")}}
    planner = msgspec.structs.replace(stage.planner, recipes=bulk, limits=Limits(live_tasks=1))
    request = b'{"image_data":"cGl4","operation":"soft","priority":"bulk"}'
    sent = Submitter(stage.ledger, stage.uploads, CATALOGUE, Limits()).submit(request)
    events = (
        stage.drop("uploads/archive/a.jpg", b"pix"),
        stage.notice(str(sent.source)),
        stage.drop("jobs/a.json", MANIFEST),
    )
    for event in events:
        (created,) = read_message(event)
        stage.tasks.messages.clear()
        job, count = planner.take(created)
        assert [command.priority for command in stage.tasks.commands] == ["bulk"] * count
        assert job_view(job_in(stage, job), stage.results.link).priority == "bulk"
    failed = stage.tasks.commands[0]
    stage.ledger.commit(failed, Outcome(status="failed", error=ErrorRecord("c", "m"), finished_at=now()))
    stage.tasks.messages.clear()
    planner.take(RetryTasks(job))
    assert [command.priority for command in stage.tasks.commands] == ["bulk"]


def test_a_picture_inside_a_manifest_is_stored_where_it_starts_no_job() -> None:
    stage = Stage()
    job, _ = plan(stage, stage.drop("jobs/a.json", b'{"image_data":"cGl4","operation":"soft"}'))
    assert stage.uploads.objects[f"inputs/{job}"] == b"pix"
    assert [command.input for command in stage.tasks.commands] == [f"inputs/{job}"]


def test_a_picture_inside_a_manifest_gives_a_job_with_the_requested_size_as_the_api_s_request_does() -> None:
    stage, catalogue = Stage(), read_ops(FUNCTIONS / "ops")
    body = b'{"image_data":"cGl4","operation":"resize","width":30,"height":20}'
    planner = msgspec.structs.replace(stage.planner, catalogue=catalogue)
    (created,) = read_message(stage.drop("jobs/a.json", body))
    job_id, _ = planner.take(created)
    sent = Submitter(stage.ledger, stage.uploads, catalogue, Limits()).submit(body)
    views = [job_view(job_in(stage, each), stage.results.link) for each in (job_id, sent.id)]
    assert [(view.kind, view.width, view.height) for view in views] == [("image", 30, 20)] * 2


def test_a_retry_publishes_only_the_failed_tasks() -> None:
    stage = Stage()
    job, _ = plan(stage, stage.drop("jobs/a.json", MANIFEST))
    first, second = stage.tasks.commands
    stage.ledger.commit(first, Outcome(status="completed", finished_at=now()))
    stage.ledger.commit(second, Outcome(status="failed", error=ErrorRecord("c", "m"), finished_at=now()))
    stage.tasks.messages.clear()
    assert plan(stage, msgspec.json.encode(RetryTasks(job)).decode()) == (job, 1)
    assert [(command.index, command.round) for command in stage.tasks.commands] == [(1, 1)]


def test_a_retry_does_not_publish_tasks_whose_messages_wait() -> None:
    stage = Stage()
    job, _ = plan(stage, stage.drop("jobs/a.json", MANIFEST))
    first, _ = stage.tasks.commands
    stage.ledger.commit(first, Outcome(status="failed", error=ErrorRecord("c", "m"), finished_at=now()))
    stage.tasks.messages.clear()
    for _ in range(2):
        assert plan(stage, msgspec.json.encode(RetryTasks(job)).decode()) == (job, 1), "also when it is delivered again"
    assert [(command.index, command.round) for command in stage.tasks.commands] == [(0, 1), (0, 1)]


@pytest.mark.parametrize("indices", [None, [0]])
def test_a_retried_task_is_not_behind_the_waiting_messages_of_its_group(
    indices: list[int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would wait for it, and a FIFO queue would not deliver it before they are given up."""
    stage = Stage()
    tasks = [{"op": "recite", "input": text, "group": group} for text, group in (("a", "n"), ("b", "n"), ("c", "s"))]
    job, _ = plan(stage, stage.drop("jobs/a.json", msgspec.json.encode({"tasks": tasks})))
    first, second, _ = stage.tasks.commands
    stage.ledger.commit(first, Outcome(status="failed", error=ErrorRecord("c", "m"), finished_at=now()))
    stage.tasks.messages.clear()
    monkeypatch.setattr("coordinator.planner.now", lambda: "later")
    assert plan(stage, msgspec.json.encode(RetryTasks(job, indices)).decode()) == (job, 2)
    assert stage.runner().run(second, 1) is None
    assert [(each.index, each.round, each.publication) for each in stage.tasks.commands] == [(0, 1, 0), (1, 0, 1)]
    for command in stage.tasks.commands:
        assert stage.runner().run(command, 1)


def test_a_retry_of_a_cancelled_job_runs_the_tasks_that_a_worker_still_skips() -> None:
    stage = Stage()
    job, _ = plan(stage, stage.drop("jobs/a.json", MANIFEST))
    first, second = stage.tasks.commands
    stage.ledger.cancel(job)
    worker = stage.runner()
    worker.run(first, 1)
    stage.tasks.messages.clear()
    stage.ledger.resume(job)
    plan(stage, msgspec.json.encode(RetryTasks(job, waiting=True)).decode())
    assert worker.run(second, 1) is None, "its list of cancelled jobs is less than a second old"
    for command in stage.tasks.commands:
        worker.run(command, 1)
    assert [task.status for task in stage.ledger.all_tasks(job)] == ["completed", "completed"]
