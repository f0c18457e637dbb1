"""Each task gets one outcome, committed once, whatever error there is."""

import threading
import time
from collections.abc import Iterable
from threading import Event
from typing import Any

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError

from tests.fakes import FakeLedger
from tests.functions.stage import CATALOGUE, Stage, say
from umbel_core.clock import epoch, now
from umbel_core.errors import LastAttemptError, Rejected, Transient
from umbel_core.group_order import Skipped
from umbel_core.ledger import NO_ANSWER, AlreadyRunningError, JobRecord, Ledger, TaskRecord
from umbel_core.messages import RunTask
from umbel_core.op import describe, op
from umbel_core.views import task_view
from worker.mark_running import MarkRunning
from worker.runner import MAX_ATTEMPTS
from worker.skipping import Skipping
from worker.work import ValueSource, Work, in_ledger


@op(effects=True)
def post(text: str) -> str:
    """Send the text to a host."""
    return text


def planned(stage: Stage, text: str = "hi", **params: Any) -> RunTask:
    """Plan one task; return its message."""
    moment = now()
    job = JobRecord(id="j1", kind="task", name="n", created_at=moment, updated_at=moment, planned=True, total=1)
    task = TaskRecord(job_id="j1", index=0, op="say", variant="say", input=text, params=params, queued_at=moment)
    stage.ledger.plan(job, [task])
    return task.command()


def task_in(ledger: Ledger) -> TaskRecord:
    task = ledger.task("j1", 0)
    assert task
    return task


def test_a_result_is_committed_with_its_cost() -> None:
    stage = Stage()
    outcome = stage.runner().run(planned(stage, "ab"), 1)
    assert outcome
    assert outcome.status == "completed"
    task = task_in(stage.ledger)
    assert (task.result, task.status, task.attempts) == ("ab", "completed", 1)
    assert task.cost_nano > 0
    assert task.started_at
    assert task.finished_at
    assert task.started_at <= task.finished_at


def test_a_refusal_is_final_at_the_first_delivery() -> None:
    stage = Stage()
    outcome = stage.runner().run(planned(stage, "bad"), 1)
    assert outcome
    assert outcome.status == "failed"
    assert outcome.error
    assert (outcome.error.code, outcome.error.message) == ("bad", "That is bad.")


def test_a_transient_refusal_is_tried_three_times_however_often_its_message_was_received() -> None:
    stage = Stage()
    command = planned(stage, "busy")
    for attempts in (4, 5):
        with pytest.raises(Transient) as error:
            stage.runner().run(command, attempts)
        assert task_in(stage.ledger).last_error == f"Transient: {error.value}"
        stage.ledger.record_error(command, attempts, "NotEndedError: not yet")
    assert task_in(stage.ledger).status == "pending"
    assert stage.runner().run(command, 6)
    task = task_in(stage.ledger)
    assert task.error
    assert (task.status, task.attempts, task.error.code, task.error.message) == (
        *("failed", 6, "busy"),
        "That cannot be had now.",
    )


def test_a_task_ends_with_the_result_of_its_last_transient_refusal_if_that_has_one() -> None:
    stage = Stage()
    command = planned(stage, "half")
    for attempts in (1, 2):
        with pytest.raises(Transient):
            stage.runner().run(command, attempts)
    assert stage.runner().run(command, 3)
    task = task_in(stage.ledger)
    assert (task.status, task.result, task.error) == ("completed", "ha", None)


@pytest.mark.parametrize(("seconds", "status"), [(-1, "skipped"), (60, "completed")])
def test_a_task_that_starts_after_its_deadline_is_skipped(seconds: int, status: str) -> None:
    stage = Stage()
    command = msgspec.structs.replace(planned(stage), deadline=epoch() + seconds)
    assert stage.runner().run(command, 1)
    task = task_in(stage.ledger)
    assert (task.status, task.error and task.error.code) == (status, "deadline" if status == "skipped" else None)


def test_a_task_that_is_retried_has_no_deadline() -> None:
    stage = Stage()
    command = msgspec.structs.replace(planned(stage), deadline=epoch() - 1)
    stage.runner().run(command, 1)
    (again,) = stage.ledger.reopen("j1", None)
    assert stage.runner().run(msgspec.structs.replace(again.command(), deadline=epoch() - 1), 1)
    assert task_in(stage.ledger).status == "completed"


def test_a_retry_starts_the_count_of_transient_refusals_again() -> None:
    stage = Stage()
    command = planned(stage, "busy")
    for _ in range(2):
        stage.ledger.record_error(command, 1, "busy", transient=True)
    stage.runner().run(command, 3)
    (again,) = stage.ledger.reopen("j1", None)
    with pytest.raises(Transient):
        stage.runner().run(again.command(), 1)


def test_any_other_error_is_recorded_and_raised_and_the_task_stays_pending() -> None:
    stage = Stage()
    with pytest.raises(RuntimeError, match="that broke"):
        stage.runner().run(planned(stage, "broken"), 1)
    task = task_in(stage.ledger)
    assert (task.status, task.attempts, task.last_error) == ("pending", 1, "RuntimeError: that broke")
    assert task.transient_refusals == 0


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_duplicate_commits_nothing(attempts: int) -> None:
    stage = Stage()
    command = planned(stage)
    assert stage.runner().run(command, 1)
    before = task_in(stage.ledger)
    assert stage.runner().run(command, attempts) is None
    after = task_in(stage.ledger)
    assert (after.cost_nano > before.cost_nano) == (attempts == 1), "only the first receive runs the op without asking"
    assert after == msgspec.structs.replace(before, cost_nano=after.cost_nano)


def test_the_message_of_an_ended_task_does_not_run_the_op() -> None:
    stage = Stage()
    command = planned(stage)
    stage.runner().run(command, 1)
    runner = msgspec.structs.replace(stage.runner(), work=lambda _: pytest.fail("it ran again"))
    assert runner.run(command, 2) is None


class KilledError(BaseException):
    """The process ended: nothing could be recorded."""


def kill(_: RunTask) -> None:
    raise KilledError


def test_a_task_that_stopped_its_worker_three_times_fails_and_does_not_run_again() -> None:
    stage = Stage()
    command = planned(stage)
    killing = msgspec.structs.replace(stage.runner(), work=kill)
    for receives in (1, 2, 3, 4):
        with pytest.raises(KilledError):
            killing.run(command, receives)
        stage.ledger.pass_time(3600)
    task = task_in(stage.ledger)
    assert (task.status, task.attempts) == ("pending", 3), "the first receive of a message costs no write"
    runner = msgspec.structs.replace(stage.runner(), work=lambda _: pytest.fail("it ran again"))
    assert runner.run(command, 5)
    task = task_in(stage.ledger)
    assert task.error
    assert (task.status, task.attempts, task.error.code) == ("failed", 3, "worker_died")
    assert "It stopped its worker 3 times; it may need more memory than the op's 512 MB" in task.error.message


def test_an_error_that_is_recorded_is_no_death() -> None:
    stage = Stage()
    command = planned(stage, "broken")
    for receives in range(1, MAX_ATTEMPTS):
        with pytest.raises(RuntimeError):
            stage.runner().run(command, receives)
    task = task_in(stage.ledger)
    assert (task.status, task.attempts, task.begun) == ("pending", MAX_ATTEMPTS - 1, 0)


def test_after_the_error_of_its_last_attempt_a_task_is_given_up_however_often_its_message_was_received() -> None:
    stage = Stage()
    command = planned(stage, "broken")
    stage.ledger.record_error(command, MAX_ATTEMPTS - 2, "RuntimeError: that broke")
    with pytest.raises(RuntimeError):
        stage.runner().run(command, 40)
    with pytest.raises(LastAttemptError, match="that broke"):
        stage.runner().run(command, 41)
    task = task_in(stage.ledger)
    assert (task.status, task.attempts, task.last_error) == ("pending", MAX_ATTEMPTS, "RuntimeError: that broke")


@pytest.mark.parametrize("ending", [SystemExit(3), KeyboardInterrupt()])
def test_an_op_that_ends_its_process_has_an_error_as_any_other(ending: BaseException) -> None:
    stage = Stage()
    command = planned(stage)

    def end(_: RunTask) -> None:
        raise ending

    with pytest.raises(RuntimeError, match="the op ended its process with"):
        msgspec.structs.replace(stage.runner(), work=end).run(command, 1)
    assert task_in(stage.ledger).last_error == f"RuntimeError: the op ended its process with {ending!r}"


def test_a_host_that_is_busy_gives_no_task_up() -> None:
    stage = Stage()
    command = planned(stage, "busy")
    stage.ledger.record_error(command, MAX_ATTEMPTS, "RuntimeError: that broke")
    with pytest.raises(Transient):
        stage.runner().run(command, 40)


def test_from_the_second_receive_on_a_task_shows_that_it_is_tried_again_and_why() -> None:
    stage = Stage()
    command = planned(stage)
    seen = []

    def look(_: RunTask) -> str:
        seen.append(task_view(task_in(stage.ledger), str))
        return "done"

    msgspec.structs.replace(stage.runner(), work=look).run(command, 2)
    assert [(task.retrying, task.attempts) for task in seen] == [(NO_ANSWER, 1)]
    assert task_view(task_in(stage.ledger), str).retrying is msgspec.UNSET, "it has ended"


def test_while_one_try_may_run_no_other_begins() -> None:
    stage = Stage()
    command = planned(stage)
    killing = msgspec.structs.replace(stage.runner(), work=kill)
    with pytest.raises(KilledError):
        killing.run(command, 2)
    with pytest.raises(AlreadyRunningError) as held:
        stage.runner().run(command, 3)
    assert held.value.after_seconds == 21, "the op's timeout, and one more"
    stage.ledger.pass_time(held.value.after_seconds)
    assert stage.runner().run(command, 4)


@pytest.mark.parametrize("call", ["begin", "cancelled"])
def test_a_copy_whose_ledger_call_fails_does_not_let_others_run_beside_the_one_that_runs(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    command = planned(stage)
    runner = msgspec.structs.replace(stage.runner(), card=describe(post))
    with pytest.raises(KilledError):
        msgspec.structs.replace(runner, work=kill).run(command, 1)
    before = task_in(stage.ledger)

    def refuse(*_: Any, **__: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    with monkeypatch.context() as patch:
        patch.setattr(stage.ledger, call, refuse)
        copy = msgspec.structs.replace(runner, skipping=Skipping(stage.ledger))
        with pytest.raises(EndpointConnectionError):
            copy.run(command, 2)
    task = task_in(stage.ledger)
    assert (task.begun, task.attempts, task.claimed_until) == (before.begun, before.attempts, before.claimed_until)
    assert task.last_error
    with pytest.raises(AlreadyRunningError):
        runner.run(command, 3)


def test_copies_of_a_message_run_an_op_with_effects_once() -> None:
    stage = Stage()
    command = planned(stage)
    ran: list[RunTask] = []
    runner = msgspec.structs.replace(stage.runner(), card=describe(post), work=ran.append)
    assert [bool(runner.run(command, 1)) for _ in range(5)] == [True, False, False, False, False]
    assert len(ran) == 1


def test_a_copy_that_comes_while_the_op_with_effects_runs_waits() -> None:
    stage = Stage()
    command = planned(stage)
    runner = msgspec.structs.replace(stage.runner(), card=describe(post))

    def again(_: RunTask) -> None:
        with pytest.raises(AlreadyRunningError):
            msgspec.structs.replace(runner, work=lambda _: pytest.fail("it ran twice")).run(command, 1)

    assert msgspec.structs.replace(runner, work=again).run(command, 1)


def test_a_copy_does_not_skip_a_task_that_runs_when_its_job_is_cancelled() -> None:
    stage = Stage()
    command = planned(stage)
    runner = msgspec.structs.replace(stage.runner(), card=describe(post))

    def cancel(_: RunTask) -> None:
        stage.ledger.cancel("j1")
        with pytest.raises(AlreadyRunningError):
            msgspec.structs.replace(runner, skipping=Skipping(stage.ledger)).run(command, 2)

    assert msgspec.structs.replace(runner, work=cancel).run(command, 1)
    assert task_in(stage.ledger).status == "completed"


def test_a_message_that_was_published_again_asks_the_ledger_first() -> None:
    stage = Stage()
    command = msgspec.structs.replace(planned(stage), publication=1)
    stage.runner().run(command, 1)
    runner = msgspec.structs.replace(stage.runner(), work=lambda _: pytest.fail("it ran again"))
    assert runner.run(command, 1) is None


def test_a_run_that_was_one_too_many_is_counted() -> None:
    stage = Stage()
    command = planned(stage)
    for _ in range(3):
        stage.runner().run(command, 1)
    (minutes,) = stage.ledger.counted("").minutes.values()
    assert minutes["say"].repeats == 2


def test_a_message_of_an_earlier_round_changes_nothing() -> None:
    stage = Stage()
    command = planned(stage, "bad")
    stage.runner().run(command, 1)
    stage.ledger.reopen("j1", None)
    assert stage.runner().run(command, 1) is None
    assert task_in(stage.ledger).status == "pending"


def test_a_task_of_a_cancelled_job_is_skipped_with_the_reason() -> None:
    stage = Stage()
    command = planned(stage)
    stage.ledger.cancel("j1")
    outcome = stage.runner().run(command, 1)
    assert outcome
    assert outcome.status == "skipped"
    assert outcome.error
    assert "cancelled" in outcome.error.message


def test_only_a_slow_task_is_marked_as_running(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    command = planned(stage)
    monkeypatch.setattr("worker.mark_running._AFTER_SECONDS", 0)
    said = Event()
    start = stage.ledger.start

    def starting(*arguments: Any) -> bool:
        moved = start(*arguments)
        said.set()
        return moved

    monkeypatch.setattr(stage.ledger, "start", starting)
    seen: list[str] = []

    def work(_: RunTask) -> None:
        assert said.wait(5)
        seen.append(task_in(stage.ledger).status)

    msgspec.structs.replace(stage.runner(), work=work, mark_running=MarkRunning).run(command, 1)
    assert [*seen, task_in(stage.ledger).status] == ["running", "completed"]


def test_a_task_that_cannot_be_marked_as_running_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in a thread would be printed to the log as it is, and not as JSON."""
    stage = Stage()
    command = planned(stage)
    monkeypatch.setattr("worker.mark_running._AFTER_SECONDS", 0)
    failed = Event()

    def start(*_: Any) -> bool:
        failed.set()
        raise EndpointConnectionError(endpoint_url="x")

    raised: list[Any] = []
    monkeypatch.setattr("threading.excepthook", raised.append)
    monkeypatch.setattr(stage.ledger, "start", start)
    msgspec.structs.replace(stage.runner(), work=lambda _: failed.wait(5), mark_running=MarkRunning).run(command, 1)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(5)
    assert (failed.is_set(), raised, task_in(stage.ledger).status) == (True, [], "completed")


def test_a_quick_task_costs_one_write() -> None:
    stage = Stage()
    command = planned(stage)
    before = len(stage.ledger.stream)
    msgspec.structs.replace(stage.runner(), mark_running=MarkRunning).run(command, 1)
    assert len(stage.ledger.stream) == before + 1


def test_a_worker_checks_the_parameters_too() -> None:
    stage = Stage()
    work = Work(say, ValueSource(), in_ledger)
    assert work(planned(stage, "ab", times=2)) == "abab"
    with pytest.raises(Rejected, match="invalid_params"):
        work(RunTask(job_id="j1", index=0, op="say", variant="v", input="x", params={"times": "two"}))
    assert CATALOGUE["say"].takes == "text"


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ("x" * 410_000, "result_too_large"),
        ("\ud800", "result_not_json"),
        (float("nan"), "result_not_json"),
        ([1, {"a": float("inf")}], "result_not_json"),
        (object(), "result_not_json"),
    ],
)
def test_a_result_that_cannot_be_kept_is_refused_at_the_first_delivery(made: Any, code: str) -> None:
    stage = Stage()
    command = planned(stage)
    work = Work(lambda text: made, ValueSource(), in_ledger)
    outcome = msgspec.structs.replace(stage.runner(), work=work).run(command, 1)
    assert outcome
    assert outcome.error
    assert (outcome.status, outcome.error.code) == ("failed", code)


def test_the_cancelled_jobs_of_a_batch_are_read_together_and_once_a_second() -> None:
    reads: list[set[str]] = []

    class Reading(FakeLedger):
        def cancelled(self, job_ids: Iterable[str]) -> frozenset[str]:
            reads.append(set(job_ids))
            return frozenset()

    skipping = Skipping(Reading())
    skipping.expect(["j1", "j2"])
    for _ in range(5):
        skipping.check("j1")
        skipping.check("j2")
    assert reads == [{"j1", "j2"}]
    skipping.expect(["j3"])
    skipping.check("j3")
    assert reads[1:] == [{"j3"}]


def test_a_task_of_a_job_that_was_just_planned_needs_no_read_unless_it_was_retried() -> None:
    ledger = FakeLedger()
    ledger.expect(JobRecord(id="j1", kind="task", name="n", created_at="t", updated_at="t"))
    ledger.cancel("j1")
    Skipping(ledger).check("j1", planned_at=time.time())
    with pytest.raises(Skipped):
        Skipping(ledger).check("j1", planned_at=time.time() - 1.5)
    with pytest.raises(Skipped):
        Skipping(ledger).check("j1", retried=True, planned_at=time.time())
