"""A lost message does not hang its job: the sweeper finds the task in the ledger and has the message sent again."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError

from tests.fakes import FakeIntake, FakeLanes, FakeLedger
from tests.functions.stage import CATALOGUE, Stage, sweeper
from ticker.sweeping import Swept
from umbel_core.catalogue import Catalogue
from umbel_core.clock import now, stamp
from umbel_core.errors import Rejected
from umbel_core.group_order import NotEndedError
from umbel_core.intake_messages import read_message
from umbel_core.ledger import JobRecord
from umbel_core.messages import RepublishTasks, RetryTasks, RunTask
from umbel_core.op import describe, op

SILENCE = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)


@op()
def other(text: str) -> str:
    """Stand in for all ops but the one that was removed."""
    return text


class Place:
    """A stage with lanes, an intake queue and a sweeper whose clock is set by the test."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.lanes = FakeLanes("soft", "say", "recite")
        self.intake = FakeIntake()
        self.catalogue = CATALOGUE
        self.passed = timedelta(0)
        self.timer = time.monotonic
        self.arrives: Callable[[object], bool] = lambda _: True
        self.stage.ledger.now = lambda: stamp(self.now())

    def now(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def submit(self, *inputs: str, op: str = "say", **fields: Any) -> str:
        tasks = [{"op": op, "input": text, **fields} for text in inputs]
        return self.take(self.stage.drop("jobs/a.json", msgspec.json.encode({"tasks": tasks}), str(self.passed)))

    def take(self, body: str) -> str:
        (command,) = read_message(body)
        return self.stage.planner.take(command)[0]

    def sweep(self, *, minutes: int) -> Swept:
        """Let the clock's run of each minute sweep, and the coordinator take what is sent to it."""
        total = Swept()
        for _ in range(minutes):
            self.passed += MINUTE
            swept = sweeper(
                self.stage.ledger,
                self.now,
                lanes=self.lanes,
                uploads=self.stage.uploads,
                intake=self.intake,
                catalogue=self.catalogue,
                silence=SILENCE,
                timer=self.timer,
            ).sweep()
            for name in Swept.__struct_fields__:
                getattr(total, name).extend(getattr(swept, name))
            bodies, self.intake.bodies = self.intake.bodies, []
            for body in filter(self.arrives, bodies):
                self.take(body)
        return total

    def lose_messages(self) -> list[RunTask]:
        commands = self.stage.tasks.commands
        self.stage.tasks.messages.clear()
        return commands

    def work(self) -> None:
        """Run what was published, and relay every change."""
        for command in self.lose_messages():
            self.stage.runner().run(command, 1)
        self.stage.relay_all()

    def job(self, job_id: str) -> JobRecord:
        found = self.stage.ledger.job(job_id)
        assert found
        return found


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.mark.parametrize("again", ["published again", "started over"])
def test_a_message_does_not_hold_up_its_group_when_a_newer_one_is_behind_it(place: Place, again: str) -> None:
    """A FIFO queue delivers no later message of a group while an earlier one waits."""
    job = place.submit("a", "b", op="recite", group="north")
    first, second = place.lose_messages()
    with pytest.raises(NotEndedError):
        place.stage.runner().run(second, 1)
    if again == "published again":
        assert place.sweep(minutes=12).published == [job]
    else:
        place.stage.planner.take(RetryTasks(job, waiting=True))
    assert place.stage.runner().run(second, 2) is None
    assert [command.index for command in place.stage.tasks.commands] == [first.index, second.index]
    place.work()
    assert place.job(job).status == "completed"


def test_the_late_copy_of_an_ended_task_does_not_hold_up_its_group(place: Place) -> None:
    job = place.submit("broken", "b", op="recite", group="north")
    first, second = place.lose_messages()
    assert place.stage.dead_letters.fail_task("recite", "m1", msgspec.json.encode(first).decode())
    assert place.stage.runner().run(second, 1)
    place.stage.planner.take(RetryTasks(job))
    assert place.stage.runner().run(second, 2) is None


@pytest.mark.parametrize("op", ["say", "recite"])
def test_the_task_of_a_lost_message_runs_after_ten_minutes(place: Place, op: str) -> None:
    job = place.submit("a", op=op)
    place.lose_messages()
    assert place.sweep(minutes=10) == Swept()
    assert place.sweep(minutes=2).published == [job]
    place.work()
    assert place.job(job).status == "completed"
    assert place.sweep(minutes=60) == Swept()


def test_a_lane_that_has_not_worked_off_its_queue_is_waited_for(place: Place) -> None:
    job = place.submit("a")
    place.lanes.queues["say"] = 5
    assert place.sweep(minutes=60) == Swept()
    place.lanes.queues["say"] = 0
    assert place.sweep(minutes=6).published == [job]


@pytest.mark.parametrize("call", ["health", "backlogs"])
def test_a_sweep_goes_by_what_the_last_one_saw_while_aws_does_not_answer(
    place: Place, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A sweep reads each lane: were all of them needed each time, a bad day would end all sweeps."""
    job = place.submit("a")
    place.lose_messages()
    place.sweep(minutes=9)
    answer = getattr(place.lanes, call)

    def every_second_time(*given: Any) -> Any:
        answers.append(len(answers) % 2 == 1)
        if answers[-1]:
            return answer(*given)
        if call == "backlogs":
            return {}
        raise EndpointConnectionError(endpoint_url="x")

    answers: list[bool] = []
    monkeypatch.setattr(place.lanes, call, every_second_time)
    assert place.sweep(minutes=5).published == [job]
    assert set(answers) == {True, False}


def test_in_a_lane_that_never_gets_empty_the_number_of_ended_tasks_shows_that_a_message_is_lost(place: Place) -> None:
    lost = place.submit("lost")
    place.lose_messages()
    place.lanes.queues["say"] = 1
    place.sweep(minutes=1)
    for number in range(10):
        place.take(place.stage.drop(f"jobs/{number}.json", b'{"tasks":[{"op":"say","input":"x"}]}'))
    place.work()
    assert place.sweep(minutes=15).published == [lost]


def test_a_task_that_waits_for_the_one_before_shows_that_the_message_before_is_lost(place: Place) -> None:
    """The lane is busy, and its queue keeps the waiting message: nothing else shows the loss."""
    words = [{"op": "recite", "input": "x", "group": "g"}] * 2
    job = place.take(place.stage.drop("jobs/1.json", msgspec.json.encode({"tasks": words})))
    _, waiting = place.lose_messages()
    place.lanes.queues["recite"] = 1
    assert place.sweep(minutes=12).published == []
    with pytest.raises(NotEndedError):
        place.stage.runner().run(waiting, 1)
    assert place.sweep(minutes=12).published == [job]
    place.work()
    assert place.job(job).status == "completed"


def test_a_message_that_was_only_late_does_not_run_its_task_a_second_time(place: Place) -> None:
    job = place.submit("a")
    (late,) = place.lose_messages()
    place.sweep(minutes=12)
    (again,) = place.stage.tasks.commands
    assert (again.publication, again.round) == (1, late.round)
    assert place.stage.runner().run(late, 1)
    assert place.stage.runner().run(again, 1) is None, "the ledger is asked before the op runs"
    place.stage.relay_all()
    assert (place.job(job).completed, place.job(job).status) == (1, "completed")


def test_from_the_third_repetition_on_each_waits_twice_as_long(place: Place) -> None:
    place.submit("a")
    moments = []
    for minute in range(110):
        place.lose_messages()
        if place.sweep(minutes=1).published:
            moments.append(minute)
    first, second, third, fourth, fifth = (after - before for before, after in pairwise([0, *moments]))
    assert max(first, second, third) < 16
    assert 20 <= fourth < 30
    assert fifth >= 40


def test_a_publication_that_was_counted_but_not_sent_is_sent_when_the_command_comes_again(place: Place) -> None:
    """Else the task would wait for twice the silence each time that the coordinator fails between the two."""
    job = place.submit("a")
    place.lose_messages()
    command = RepublishTasks(job, [0], stamp(place.now() + timedelta(minutes=12)))
    list(place.stage.ledger.republish(job, command.indices, command.before))
    assert place.stage.planner.take(command) == (job, 1)
    (again,) = place.lose_messages()
    assert again.publication == 1
    assert place.stage.runner().run(again, 1)
    assert place.stage.planner.take(command) == (job, 0)


def test_messages_of_a_dead_worker_are_not_waited_for_when_their_tasks_gave_no_sign(place: Place) -> None:
    """They stay in flight for six timeouts; on a lane of 15 minutes that would be an hour and a half."""
    job = place.submit("a")
    place.lose_messages()
    place.lanes.in_flight["say"] = 1
    assert place.sweep(minutes=12).published == [job]


def test_a_paused_lane_explains_everything_until_its_messages_expire(place: Place) -> None:
    job = place.submit("a")
    place.lanes.paused.add("say")
    assert place.sweep(minutes=60) == Swept()
    place.passed = timedelta(days=13)
    assert place.sweep(minutes=6).published == [job]


def test_the_tasks_of_an_op_that_is_gone_fail_with_a_sentence(place: Place) -> None:
    job = place.submit("a", "b")
    place.catalogue = Catalogue([describe(other)])
    assert place.sweep(minutes=12).failed == [job]
    place.stage.relay_all()
    assert place.job(job).status == "failed"
    assert {error.code for error in place.job(job).errors} == {"op_removed"}


def test_a_job_that_expires_fails_what_did_not_run(place: Place) -> None:
    job = place.submit("a")
    found = place.job(job)
    found.expire_at = int((datetime.now(UTC) + timedelta(days=2)).timestamp())
    place.stage.ledger.write([(place.job(job), found)], [])
    place.lanes.paused.add("say")
    place.passed = timedelta(days=2)
    assert place.sweep(minutes=1).failed == [job]
    place.stage.relay_all()
    assert [error.code for error in place.job(job).errors] == ["job_expired"]


def test_a_group_comes_again_in_order_from_its_lost_task_on(place: Place) -> None:
    job = place.submit("a", "b", "c", op="recite", group="g")
    first, *_ = place.lose_messages()
    place.stage.runner().run(first, 1)
    assert place.sweep(minutes=12).published == [job]
    assert [(command.index, command.publication) for command in place.stage.tasks.commands] == [(1, 1), (2, 1)]


def test_a_task_that_a_later_one_of_its_group_overtook_is_lost_whatever_waits_in_its_lane(place: Place) -> None:
    place.submit("a", "b", "c", op="recite", group="g")
    _, second, _ = place.lose_messages()
    place.stage.ledger.record_error(second, 2, "NotEndedError: task 0 has not ended yet")
    place.lanes.queues["recite"] = 2
    place.sweep(minutes=12)
    assert [command.index for command in place.stage.tasks.commands] == [0, 1, 2]


def test_a_task_that_is_retried_is_left_to_its_queue_while_there_are_messages(place: Place) -> None:
    job = place.submit("broken")
    (command,) = place.lose_messages()
    with pytest.raises(RuntimeError, match="broke"):
        place.stage.runner().run(command, 1)
    place.lanes.queues["say"] = 1
    for number in range(3):
        place.take(place.stage.drop(f"jobs/{number}.json", b'{"tasks":[{"op":"say","input":"x"}]}'))
    place.work()
    assert place.sweep(minutes=60) == Swept()
    place.lanes.queues["say"] = 0
    assert place.sweep(minutes=8).published == [job]


def test_a_job_that_was_never_planned_is_planned_again(place: Place) -> None:
    moment, job = now(), "j" + "0" * 20
    for source in (f"jobs/{job}.json", "uploads/waits-for-its-picture"):
        job_id = job if "jobs" in source else "j" + "1" * 20
        pending = JobRecord(id=job_id, kind="manifest", name="n", created_at=moment, updated_at=moment, source=source)
        place.stage.ledger.expect(pending)
    place.stage.drop(f"jobs/{job}.json", b'{"tasks":[{"op":"say","input":"x"}]}')
    assert place.sweep(minutes=12).planned == [job]
    place.work()
    assert place.job(job).status == "completed"


def test_the_tasks_of_a_cancelled_job_are_skipped_although_their_messages_are_lost(place: Place) -> None:
    job = place.submit("a", "b")
    place.lose_messages()
    place.stage.ledger.cancel(job)
    assert place.sweep(minutes=12).published == [job]
    place.work()
    assert (place.job(job).status, place.job(job).skipped) == ("cancelled", 2)
    assert place.stage.ledger.unfinished(1) == []


def test_nothing_is_sent_to_a_coordinator_that_is_behind(place: Place) -> None:
    place.submit("a")
    place.lose_messages()
    place.intake.bodies = [place.stage.notice("jobs/a.json", "0:00:00")] * 100
    assert place.sweep(minutes=1) == Swept()
    place.lose_messages()
    assert place.sweep(minutes=12).published


def test_a_hundred_and_fifty_hung_jobs_do_not_hide_a_new_one(place: Place) -> None:
    place.lanes.paused.add("recite")
    for number in range(150):
        place.take(place.stage.drop(f"jobs/{number}.json", b'{"tasks":[{"op":"recite","input":"x"}]}'))
    job = place.submit("a")
    place.lose_messages()
    assert place.sweep(minutes=12).published == [job]
    assert place.stage.ledger.sweeper_state().waiting["say"] == job, "the statistics see it too"


def test_a_pass_that_takes_too_long_goes_on_in_the_next_run(place: Place) -> None:
    for number in range(5):
        place.take(place.stage.drop(f"jobs/{number}.json", b'{"tasks":[{"op":"say","input":"x"}]}'))
    place.lanes.paused.add("say")
    ticks = iter(range(0, 1000, 12))
    one_run = sweeper(
        place.stage.ledger, lambda: datetime.now(UTC), lanes=place.lanes, timer=lambda: float(next(ticks))
    )
    read = []
    for _ in range(3):
        one_run.sweep()
        read.append(place.stage.ledger.sweeper_state().after)
    first, second, third = read
    assert first
    assert second
    assert first < second
    assert third is None, "the pass is complete"


def test_however_slow_the_lanes_answer_each_run_reads_jobs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a bad day, the observation alone takes as long as a pass may take."""
    job = place.submit("a")
    place.lose_messages()
    clock, backlogs = iter(range(0, 100_000, 25)), place.lanes.backlogs
    monkeypatch.setattr(place.lanes, "backlogs", lambda computes: (next(clock), backlogs(computes))[1])
    monkeypatch.setattr(place, "timer", lambda: float(next(clock)))
    assert place.sweep(minutes=12).published == [job]


def test_a_job_that_cannot_be_read_does_not_keep_the_sweeper_from_the_others(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, job = (
        place.submit("a"),
        place.take(place.stage.drop("jobs/b.json", b'{"tasks":[{"op":"say","input":"b"}]}')),
    )
    place.lose_messages()
    read = FakeLedger.all_tasks

    def all_tasks(ledger: FakeLedger, job_id: str, status: str | None = None) -> Any:
        if job_id == broken:
            raise Rejected("broken", "This record cannot be read.")
        return read(ledger, job_id, status)

    monkeypatch.setattr(FakeLedger, "all_tasks", all_tasks)
    assert place.sweep(minutes=12).published == [job]


def test_a_job_is_swept_again_at_once_when_a_call_fails(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = _minutes_until_published(Place())
    read, failed = FakeLedger.all_tasks, list[str]()

    def all_tasks(ledger: FakeLedger, job_id: str, status: str | None = None) -> Any:
        if place.passed >= usual * MINUTE and len(failed) < 2:
            failed.append(job_id)
            raise EndpointConnectionError(endpoint_url="https://dynamodb")
        return read(ledger, job_id, status)

    monkeypatch.setattr(FakeLedger, "all_tasks", all_tasks)
    assert (_minutes_until_published(place), len(failed)) == (usual, 2)


def _minutes_until_published(place: Place) -> int:
    place.submit("a")
    place.lose_messages()
    return next(minute for minute in range(1, 100) if place.sweep(minutes=1).published)


@pytest.mark.parametrize("seed", range(5))
def test_every_job_ends_although_one_of_twenty_messages_is_dropped_everywhere(place: Place, seed: int) -> None:
    """Tasks on their way to a lane, events and commands on their way to the coordinator."""
    random = Random(seed)
    place.arrives = lambda _: random.random() >= 1 / 20
    jobs = []
    for number in range(20):
        moment, job = now(), f"j{number:020x}"
        source = f"jobs/{job}.json"
        place.stage.ledger.expect(
            JobRecord(id=job, kind="manifest", name="n", created_at=moment, updated_at=moment, source=source)
        )
        words = [{"op": "recite" if number % 2 else "say", "input": "x", "group": "g"}] * 10
        event = place.stage.drop(source, msgspec.json.encode({"tasks": words}))
        if place.arrives(event):
            place.take(event)
        jobs.append(job)
    for _ in range(200):
        for command in place.lose_messages():
            if place.arrives(command):
                with suppress(NotEndedError):  # the task before is lost; this message will be, too
                    place.stage.runner().run(command, 1)
        place.stage.relay_all()
        place.passed += timedelta(minutes=10)
        place.intake.bodies = []
        place.sweep(minutes=1)
        if all(place.job(job).ended for job in jobs):
            break
    assert {place.job(job).status for job in jobs} == {"completed"}
    assert {place.job(job).completed for job in jobs} == {10}
