"""A dead letter fails its task or job, and is kept for redrive."""

import json

import msgspec
import pytest

from relay.changes import read_changes
from tests.fakes import CrashError, Crashes
from tests.functions.stage import Stage
from umbel_core.group_order import NotEndedError
from umbel_core.intake_messages import read_message
from umbel_core.ledger import AlreadyRunningError

MANIFEST = b'{"tasks":[{"op":"say","input":"broken"}]}'


def planned(stage: Stage) -> tuple[str, str]:
    """Plan a job of one task; return its id and the task's message."""
    (created,) = read_message(stage.drop("jobs/a.json", MANIFEST))
    job, _ = stage.planner.take(created)
    return job, stage.tasks.messages[0].decode()


def test_a_given_up_task_fails_with_its_last_error_and_its_dead_letter_is_kept() -> None:
    stage = Stage()
    job, body = planned(stage)
    stage.ledger.record_error(stage.tasks.commands[0], 5, "RuntimeError: that broke")
    assert stage.dead_letters.fail_task("say", "m1", body)
    task = stage.ledger.task(job, 0)
    assert task
    assert task.error
    assert (task.status, task.error.code, task.attempts) == ("failed", "given_up", 5)
    assert task.error.message == "Given up after 5 attempts; the last error was RuntimeError: that broke."
    (dead_letter,) = stage.ledger.dead_letters("say")
    assert (dead_letter.body, dead_letter.job_id, dead_letter.index) == (body, job, 0)
    (event,) = read_changes(stage.ledger.stream).events
    assert (event.kind, event.op, event.message) == (
        "dead_letter",
        "say",
        f"say gave up a message: {dead_letter.reason}",
    )


def test_a_worker_that_stopped_without_an_error_is_named_as_the_cause() -> None:
    stage = Stage()
    _, body = planned(stage)
    dead_letter = stage.dead_letters.fail_task("say", "m1", body)
    assert dead_letter
    assert "its worker gave no answer" in dead_letter.reason


def test_a_task_that_had_ended_in_another_way_does_not_change() -> None:
    stage = Stage()
    job, body = planned(stage)
    stage.ledger.cancel(job)
    waited = msgspec.structs.replace(stage.tasks.commands[0], planned_at=None)
    stage.runner().run(waited, 1)
    assert stage.dead_letters.fail_task("say", "m1", body) is None
    assert stage.ledger.dead_letters("say") == []
    assert read_changes(stage.ledger.stream).events == []


@pytest.mark.parametrize("moment", range(5))
def test_wherever_the_dead_letter_function_crashes_the_next_delivery_completes_its_work(moment: int) -> None:
    crashes = Crashes()
    stage = Stage(crashes)
    job, body = planned(stage)
    crashes.crash_at(moment)
    try:
        stage.dead_letters.fail_task("say", "m1", body)
    except CrashError:
        stage.dead_letters.fail_task("say", "m1", body)
    task = stage.ledger.task(job, 0)
    assert task
    assert task.status == "failed"
    assert len(stage.ledger.dead_letters("say")) == 1, "a given-up task can be redriven"


def ordered_group(stage: Stage, *texts: str) -> list[str]:
    """Plan an ordered group that stops at its first failure; return its messages."""
    tasks = [{"op": "recite", "input": text, "group": "north"} for text in texts]
    (created,) = read_message(
        stage.drop("jobs/g.json", json.dumps({"tasks": tasks, "on_error": "stop_group"}).encode())
    )
    stage.planner.take(created)
    return [message.decode() for message in stage.tasks.messages]


def test_a_dead_letter_behind_a_given_up_task_is_skipped_and_not_kept() -> None:
    stage = Stage()
    first, second = ordered_group(stage, "good", "good")
    assert stage.dead_letters.fail_task("recite", "m1", first)
    assert stage.dead_letters.fail_task("recite", "m2", second) is None
    task = stage.ledger.task(stage.tasks.commands[1].job_id, 1)
    assert task
    assert task.error
    assert (task.status, task.error.code) == ("skipped", "group_stopped")
    assert [dead_letter.id for dead_letter in stage.ledger.dead_letters("recite")] == ["m1"]


def test_a_dead_letter_waits_until_the_task_before_it_has_ended() -> None:
    stage = Stage()
    _, second = ordered_group(stage, "good", "good")
    with pytest.raises(NotEndedError):
        stage.dead_letters.fail_task("recite", "m2", second)
    task = stage.ledger.task(stage.tasks.commands[1].job_id, 1)
    assert task
    assert task.status == "pending"
    assert stage.ledger.dead_letters("recite") == []


def test_a_dead_letter_does_not_fail_a_task_whose_message_was_sent_again() -> None:
    """The newer message still waits in its lane; it decides."""
    stage = Stage()
    job, body = planned(stage)
    (again,) = stage.ledger.republish(job, [0], "9")
    assert stage.dead_letters.fail_task("say", "m1", body) is None
    task = stage.ledger.task(job, 0)
    assert task
    assert (task.status, stage.ledger.dead_letters("say")) == ("pending", [])
    assert stage.dead_letters.fail_task("say", "m2", msgspec.json.encode(again.command()).decode())


def test_a_dead_letter_waits_while_another_message_runs_its_task() -> None:
    """A copy of a message waits for the attempt that runs, and may use up its receives meanwhile."""
    stage = Stage()
    job, body = planned(stage)
    stage.ledger.begin(stage.tasks.commands[0], "other", 900, again=True)
    with pytest.raises(AlreadyRunningError):
        stage.dead_letters.fail_task("say", "m1", body)
    task = stage.ledger.task(job, 0)
    assert task
    assert (task.status, stage.ledger.dead_letters("say")) == ("pending", [])
    stage.ledger.pass_time(900)
    assert stage.dead_letters.fail_task("say", "m1", body)


def test_a_message_that_is_not_a_task_is_kept_too() -> None:
    stage = Stage()
    dead_letter = stage.dead_letters.fail_task("say", "m1", "nonsense")
    assert dead_letter
    assert dead_letter.reason.startswith("not a task: ")
    assert stage.ledger.dead_letters("say") == [dead_letter]


def test_a_job_that_could_not_be_planned_fails() -> None:
    stage = Stage()
    notice = stage.drop("uploads/cat.jpg", b"pixels")
    stage.dead_letters.fail_jobs("m1", notice)
    (job,) = stage.ledger.jobs(5, None)[0]
    assert (job.status, job.planned, [error.code for error in job.errors]) == ("failed", False, ["not_planned"])
    (dead_letter,) = stage.ledger.dead_letters("intake")
    assert json.loads(dead_letter.body) == json.loads(notice)


def test_a_job_that_was_planned_before_its_message_was_given_up_continues() -> None:
    stage = Stage()
    job, _ = planned(stage)
    stage.dead_letters.fail_jobs("m1", stage.notice("jobs/a.json"))
    found = stage.ledger.job(job)
    assert found
    assert found.status == "pending"


@pytest.mark.parametrize("body", ["nonsense", "[]", "{}", '{"Records":[{}]}', '{"Records":[{"s3":{}}]}'])
def test_a_message_that_is_not_an_event_of_s3_is_kept_too(body: str) -> None:
    stage = Stage()
    stage.dead_letters.fail_jobs("m1", body)
    assert [dead_letter.body for dead_letter in stage.ledger.dead_letters("intake")] == [body]
