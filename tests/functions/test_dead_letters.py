"""What was given up is said in the ledger, and kept for redrive."""

import json

import pytest

from relay.changes import read_changes
from tests.fakes import CrashError, Weather
from tests.functions.stage import Stage
from umbel_core.intake_messages import read_message

MANIFEST = b'{"tasks":[{"op":"say","input":"broken"}]}'


def planned(stage: Stage) -> tuple[str, str]:
    """A job of one task, and the message of that."""
    (created,) = read_message(stage.drop("jobs/a.json", MANIFEST))
    job, _ = stage.planner.take(created)
    return job, stage.tasks.messages[0].decode()


def test_a_given_up_task_fails_with_its_last_reason_and_its_letter_is_kept() -> None:
    stage = Stage()
    job, body = planned(stage)
    stage.ledger.record_error(stage.tasks.commands[0], 5, "RuntimeError: that broke")
    assert stage.dead_letters.fail_task("say", "m1", body, 5)
    task = stage.ledger.task(job, 0)
    assert task
    assert task.error
    assert (task.status, task.error.code, task.attempts) == ("failed", "given_up", 5)
    assert task.error.message == "Given up after 5 attempts; at last RuntimeError: that broke."
    (letter,) = stage.ledger.dead_letters("say")
    assert (letter.body, letter.job_id, letter.index) == (body, job, 0)
    (event,) = read_changes(stage.ledger.stream).events
    assert (event.kind, event.op, event.message) == ("dead_letter", "say", f"say gave up a message: {letter.reason}")


def test_a_worker_that_died_without_a_word_is_said_to_have() -> None:
    stage = Stage()
    _, body = planned(stage)
    letter = stage.dead_letters.fail_task("say", "m1", body, 5)
    assert letter
    assert "ran out of time or ran out of memory" in letter.reason


def test_a_task_that_had_ended_after_all_is_left_alone() -> None:
    stage = Stage()
    job, body = planned(stage)
    stage.ledger.cancel(job)
    stage.runner().run(stage.tasks.commands[0], 1)
    assert stage.dead_letters.fail_task("say", "m1", body, 5) is None
    assert stage.ledger.dead_letters("say") == []
    assert read_changes(stage.ledger.stream).events == []


@pytest.mark.parametrize("moment", range(5))
def test_whenever_the_undertaker_dies_the_next_one_finishes(moment: int) -> None:
    weather = Weather()
    stage = Stage(weather)
    job, body = planned(stage)
    weather.crash_at(moment)
    try:
        stage.dead_letters.fail_task("say", "m1", body, 5)
    except CrashError:
        stage.dead_letters.fail_task("say", "m1", body, 5)
    task = stage.ledger.task(job, 0)
    assert task
    assert task.status == "failed"
    assert len(stage.ledger.dead_letters("say")) == 1, "what is given up can be redriven"


def test_what_is_no_task_is_kept_too() -> None:
    stage = Stage()
    letter = stage.dead_letters.fail_task("say", "m1", "nonsense", 5)
    assert letter
    assert letter.reason.startswith("not a task: ")
    assert stage.ledger.dead_letters("say") == [letter]


def test_a_job_that_could_not_be_planned_is_a_failed_one() -> None:
    stage = Stage()
    notice = stage.drop("uploads/cat.jpg", b"pixels")
    stage.dead_letters.fail_jobs("m1", notice)
    (job,) = stage.ledger.jobs(5, None)[0]
    assert (job.status, job.planned, [error.code for error in job.errors]) == ("failed", False, ["not_planned"])
    (letter,) = stage.ledger.dead_letters("intake")
    assert json.loads(letter.body) == json.loads(notice)


def test_a_job_that_was_planned_before_its_message_was_given_up_goes_on() -> None:
    stage = Stage()
    job, _ = planned(stage)
    stage.dead_letters.fail_jobs("m1", stage.notice("jobs/a.json"))
    found = stage.ledger.job(job)
    assert found
    assert found.status == "pending"


@pytest.mark.parametrize("body", ["nonsense", "[]", "{}", '{"Records":[{}]}', '{"Records":[{"s3":{}}]}'])
def test_what_is_no_notice_is_kept_too(body: str) -> None:
    stage = Stage()
    stage.dead_letters.fail_jobs("m1", body)
    assert [letter.body for letter in stage.ledger.dead_letters("intake")] == [body]
