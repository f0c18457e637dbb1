"""Jobs with `max_in_flight`: which tasks are sent first, which next, and what a lost or repeated step changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from relay.changes import read_changes
from tests.fakes import CrashError, Crashes, FakeLanes
from tests.functions.stage import Stage, sweeper
from umbel_core.clock import now, stamp
from umbel_core.contract import Manifest, TaskSpec
from umbel_core.errors import LastAttemptError
from umbel_core.group_order import NotEndedError
from umbel_core.ids import JOBS_PREFIX, UPLOADS_PREFIX
from umbel_core.in_flight import members
from umbel_core.intake_messages import read_message
from umbel_core.ledger import JobRecord, Outcome
from umbel_core.messages import ReleaseTasks, RetryTasks, RunTask
from umbel_core.recipes import RecipeVariant
from umbel_core.views import job_view


class Lane:
    """A stage with one job, whose steps are taken one by one."""

    def __init__(self, *texts: str, most: int | None, crashes: Crashes | None = None, **fields: Any) -> None:
        self.stage = Stage(crashes) if crashes else Stage()
        op = "recite" if fields.pop("ordered", False) else "say"
        group = "g" if op == "recite" else None
        specs = [TaskSpec(op, text, group=group) for text in texts]
        body = msgspec.json.encode(Manifest(specs, max_in_flight=most, **fields))
        self.event = self.stage.drop(f"{JOBS_PREFIX}1.json", body)
        self.relayed = 0
        self.plan(self.event)

    @property
    def job(self) -> JobRecord:
        return self.stage.ledger.jobs(1, None)[0][0]

    @property
    def statuses(self) -> list[str]:
        return [task.status for task in self.stage.ledger.all_tasks(self.job.id)]

    def plan(self, body: str) -> None:
        for command in read_message(body):
            self.stage.planner.take(command)

    def sent(self) -> list[int]:
        """Return the indices of the messages since the last call; they are lost, unless `work` gets them."""
        return [command.index for command in self.taken()]

    def taken(self) -> list[RunTask]:
        commands = self.stage.tasks.commands
        self.stage.tasks.messages.clear()
        return commands

    def work(self, *commands: RunTask) -> None:
        for command in commands:
            try:
                self.stage.runner().run(command, 5)
            except (LastAttemptError, RuntimeError):
                self.stage.dead_letters.fail_task(command.op, "m", msgspec.json.encode(command).decode())

    def relay(self) -> None:
        end = len(self.stage.ledger.stream)
        self.stage.relay.relay(read_changes(self.stage.ledger.stream[self.relayed : end]))
        self.relayed = end

    def follow(self) -> None:
        """Relay all changes, and have the coordinator do what they ask for."""
        while self.relayed < len(self.stage.ledger.stream) or self.stage.intake.bodies:
            self.relay()
            bodies, self.stage.intake.bodies = self.stage.intake.bodies, []
            for body in bodies:
                self.plan(body)

    def retry(self, *indices: int, waiting: bool = False) -> None:
        self.stage.ledger.resume(self.job.id)
        command = RetryTasks(self.job.id, list(indices) or None, waiting=waiting)
        self.plan(msgspec.json.encode(command).decode())

    def run(self, most: int) -> None:
        """Run the job to its end; check that never more than so many messages wait."""
        while commands := self.taken():
            assert len(commands) <= most
            self.work(*commands)
            self.follow()


def test_only_the_first_tasks_are_sent_and_all_are_planned() -> None:
    lane = Lane(*"abcde", most=2)
    assert (lane.sent(), lane.job.held, lane.statuses) == ([0, 1], "2-4", ["pending"] * 5)
    assert job_view(lane.job, str).max_in_flight == 2


@pytest.mark.parametrize("most", [1, 2, 3, 10, None])
def test_a_job_ends_whatever_its_tasks_end_with(most: int | None) -> None:
    lane = Lane("good", "bad", "good", "broken", "good", "good", most=most)
    lane.run(most or 6)
    assert (lane.job.status, lane.job.completed, lane.job.failed) == ("failed", 4, 2)
    assert (lane.job.held, lane.job.sending) == ("", "")


def test_the_next_tasks_are_sent_in_order_when_others_have_ended() -> None:
    lane = Lane(*"abcdefg", most=3)
    first = lane.taken()
    lane.work(first[2])
    lane.follow()
    assert lane.sent() == [3]
    lane.work(*first[:2])
    lane.follow()
    assert (lane.sent(), lane.job.held) == ([4, 5], "6")


def test_the_same_event_again_sends_what_was_sent_and_nothing_that_is_held() -> None:
    lane = Lane(*"abcde", most=2)
    lane.work(lane.taken()[0])
    lane.follow()
    assert lane.sent() == [2]
    lane.plan(lane.event)
    assert lane.sent() == [1, 2]


def test_the_same_event_after_a_retry_sends_nothing_that_started_over() -> None:
    lane = Lane(*["bad"] * 3, most=1)
    lane.run(1)
    lane.retry()
    lane.plan(lane.event)
    assert lane.sent() == []
    lane.follow()
    assert lane.sent() == [0]


def test_a_command_that_comes_again_sends_nothing_when_its_tasks_are_sent() -> None:
    lane = Lane(*"abcde", most=2)
    lane.work(lane.taken()[0])
    lane.relay()
    (command,) = lane.stage.intake.bodies
    lane.plan(command)
    assert lane.sent() == [2]
    lane.plan(command)
    assert lane.sent() == []


@pytest.mark.parametrize("moment", range(1, 5))
def test_a_coordinator_that_dies_sends_the_same_messages_again(moment: int) -> None:
    crashes = Crashes()
    lane = Lane(*"abcdefg", most=3, crashes=crashes)
    lane.work(*lane.taken()[:2])
    lane.relay()
    (command,) = lane.stage.intake.bodies
    crashes.crash_at(moment)
    with pytest.raises(CrashError):
        lane.plan(command)
    crashes.crash_at(None)
    before = lane.taken()
    lane.plan(command)
    again = lane.taken()
    assert {command.index for command in [*before, *again]} == {3, 4}
    assert {command.publication for command in [*before, *again]} == {0}
    assert (lane.job.held, lane.job.sending) == ("5-6", "")


@pytest.mark.parametrize("more", [False, True])
def test_a_relay_that_died_after_its_count_has_the_next_tasks_sent_when_the_batch_comes_again(more: bool) -> None:
    """The batch may have got more changes meanwhile."""
    crashes = Crashes()
    lane = Lane(*"abcde", most=2, crashes=crashes)
    first = lane.taken()
    lane.work(first[0])
    crashes.crash_at(1)
    with pytest.raises(CrashError):
        lane.relay()
    crashes.crash_at(None)
    assert (lane.job.sending, lane.stage.intake.bodies) == ("2", [])
    if more:
        lane.work(first[1])
    lane.follow()
    assert lane.sent() == ([2, 3] if more else [2])


def test_a_count_between_publishing_and_its_record_loses_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane(*"abcde", most=2)
    first = lane.taken()
    lane.work(first[0])
    lane.relay()
    write = lane.stage.ledger.set_sending

    def counted_first(job: JobRecord) -> JobRecord | None:
        monkeypatch.undo()
        lane.work(first[1])
        lane.relay()
        return write(job)

    monkeypatch.setattr(lane.stage.ledger, "set_sending", counted_first)
    (command,) = lane.stage.intake.bodies
    lane.plan(command)
    assert (lane.sent(), lane.job.sending, lane.job.held) == ([2, 3], "", "4")


def test_the_held_tasks_of_a_cancelled_job_are_skipped_without_a_message() -> None:
    lane = Lane(*"abcde", most=2)
    commands = lane.taken()
    lane.stage.ledger.cancel(lane.job.id)
    lane.follow()
    assert (lane.sent(), lane.statuses) == ([], ["pending"] * 2 + ["skipped"] * 3)
    lane.work(*commands)
    lane.follow()
    assert (lane.job.status, lane.job.completed, lane.job.skipped, lane.job.held) == ("cancelled", 2, 3, "")


def test_a_cancelled_job_that_is_retried_keeps_its_limit() -> None:
    lane = Lane(*"abcde", most=2)
    lane.sent()
    lane.stage.ledger.cancel(lane.job.id)
    lane.follow()
    lane.retry(waiting=True)
    assert lane.sent() == []
    lane.follow()
    lane.run(2)
    assert (lane.job.status, lane.statuses) == ("completed", ["completed"] * 5)


def test_what_a_retry_starts_over_in_a_job_that_was_cancelled_meanwhile_is_skipped() -> None:
    lane = Lane("a", most=1)
    lane.sent()
    lane.retry(waiting=True)
    lane.stage.ledger.cancel(lane.job.id)
    lane.follow()
    assert (lane.job.status, lane.statuses, lane.sent()) == ("cancelled", ["skipped"], [])


def test_a_retry_between_the_reads_of_a_cancelled_job_is_not_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane(*"abcde", most=2)
    lane.sent()
    lane.stage.ledger.cancel(lane.job.id)
    lane.relay()
    read = lane.stage.ledger.all_tasks

    def retried_after(job_id: str, status: str | None = None) -> Any:
        found = list(read(job_id, status))
        monkeypatch.undo()
        lane.retry(waiting=True)
        return iter(found)

    monkeypatch.setattr(lane.stage.ledger, "all_tasks", retried_after)
    (command,) = lane.stage.intake.bodies
    lane.plan(command)
    assert lane.statuses == ["pending"] * 5


def test_a_job_cancelled_before_it_is_planned_ends() -> None:
    stage = Stage()
    lane = Lane.__new__(Lane)
    lane.stage, lane.relayed = stage, 0
    job_id = "j" + "0" * 20
    key, moment = f"{JOBS_PREFIX}{job_id}.json", now()
    stage.ledger.expect(
        JobRecord(id=job_id, kind="manifest", name="n", created_at=moment, updated_at=moment, source=key)
    )
    stage.ledger.cancel(job_id)
    body = Manifest([TaskSpec("say", "good")] * 4, max_in_flight=1)
    lane.plan(stage.drop(key, msgspec.json.encode(body)))
    lane.follow()
    lane.run(1)
    assert (lane.job.status, lane.statuses) == ("cancelled", ["skipped"] * 4)


def test_after_the_deadline_the_held_tasks_are_skipped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane(*"abcdefgh", most=1, deadline_seconds=60)
    monkeypatch.setattr("coordinator.planner.epoch", lambda: 10**10)
    monkeypatch.setattr("worker.skipping.epoch", lambda: 10**10)
    lane.work(*lane.taken())
    lane.follow()
    assert lane.sent() == [1]
    assert lane.statuses == ["skipped", "pending", *["skipped"] * 6]


def test_a_retry_sends_the_failed_tasks_in_order_and_keeps_the_limit() -> None:
    lane = Lane(*["bad"] * 5, most=2)
    lane.run(2)
    lane.retry()
    assert lane.sent() == []
    lane.follow()
    assert lane.sent() == [0, 1]
    assert lane.job.held == "2-4"


def test_a_retry_of_a_running_job_waits_for_those_in_flight() -> None:
    lane = Lane("bad", *"abcd", most=1)
    lane.work(*lane.taken())
    lane.follow()
    (flying,) = lane.taken()
    lane.retry()
    lane.follow()
    assert (flying.index, lane.sent(), members(lane.job.held)) == (1, [], {0, 2, 3, 4})
    lane.work(flying)
    lane.follow()
    assert lane.sent() == [0]


def test_a_retried_task_is_sent_before_the_tasks_behind_it_in_its_group() -> None:
    """In flight, the one behind would wait for it, and it would be held until that one has ended."""
    lane = Lane("bad", *"abc", most=1, ordered=True)
    lane.work(*lane.taken())
    lane.follow()
    (behind,) = lane.taken()
    lane.retry()
    lane.follow()
    (retried,) = lane.taken()
    assert (behind.index, retried.index) == (1, 0)
    lane.work(behind)  # it is not needed any more
    lane.work(retried)
    lane.follow()
    (again,) = lane.taken()
    assert (again.index, again.round) == (1, 1)


def test_what_starts_over_before_it_is_published_is_sent_after_the_task_before_it() -> None:
    crashes = Crashes()
    lane = Lane("bad", *"abc", most=1, ordered=True, crashes=crashes)
    lane.work(*lane.taken())
    crashes.crash_at(1)
    with pytest.raises(CrashError):
        lane.relay()
    crashes.crash_at(None)
    assert lane.job.sending == "1"
    lane.retry()
    lane.follow()
    assert (lane.sent(), members(lane.job.held)) == ([0], {1, 2, 3})


def test_a_group_runs_in_order_however_few_tasks_are_in_flight() -> None:
    lane = Lane(*"abcdef", most=2, ordered=True)
    commands = lane.taken()
    with pytest.raises(NotEndedError):
        lane.work(commands[1])
    lane.work(*commands)
    lane.follow()
    lane.run(2)
    assert lane.job.completed == 6


def test_a_recipe_limits_the_variants_of_each_upload() -> None:
    lane = Lane(*"a", most=None)
    limited = RecipeVariant("soft", max_in_flight=1)
    lane.stage.planner = msgspec.structs.replace(lane.stage.planner, recipes={"default": {"a": limited, "b": limited}})
    lane.sent()
    lane.plan(lane.stage.drop(f"{UPLOADS_PREFIX}1.png", b"pixels"))
    assert lane.sent() == [0]


def after(minutes: int) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def later(lane: Lane, minutes: int) -> Any:
    """Return a sweeper that works so many minutes from now, beside a lane that is empty."""
    return sweeper(
        lane.stage.ledger,
        lambda: after(minutes),
        lanes=FakeLanes("say", "recite", "soft"),
        uploads=lane.stage.uploads,
        intake=lane.stage.intake,
        silence=timedelta(minutes=10),
    )


def sweep(lane: Lane, *minutes: int) -> list[str]:
    """Sweep at these moments; return the commands."""
    for minute in minutes:
        later(lane, minute).sweep()
    bodies, lane.stage.intake.bodies = lane.stage.intake.bodies, []
    return bodies


def test_the_sweeper_sends_the_command_that_was_lost() -> None:
    lane = Lane(*"abcde", most=2)
    lane.work(*lane.taken()[:1])
    lane.relay()
    lane.stage.intake.bodies.clear()
    assert sweep(lane, 5) == []
    (command,) = sweep(lane, 11)
    assert msgspec.json.decode(command, type=ReleaseTasks).job_id == lane.job.id
    lane.plan(command)
    assert lane.sent() == [2]


def test_the_sweeper_takes_no_held_task_for_lost() -> None:
    lane = Lane(*"abcde", most=2)
    lane.sent()
    (command,) = sweep(lane, *range(11, 40))[:1]
    lane.plan(command)
    assert lane.sent() == [0, 1]


def test_a_task_that_was_sent_long_after_its_plan_is_not_lost_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lane has worked off what was sent until the fourth minute, and this one was sent in the ninth."""
    lane = Lane(*"abcde", most=1)
    sweep(lane, *range(6))
    monkeypatch.setattr("tests.fakes.now", lambda: stamp(after(9)))
    lane.work(*lane.taken())
    lane.follow()
    assert lane.sent() == [1]
    assert sweep(lane, 20) == []
    assert len(sweep(lane, 21, 33)) == 1


def test_the_sweeper_counts_what_the_relay_gave_up_and_has_the_next_tasks_sent() -> None:
    lane = Lane(*"abcde", most=2)
    lane.work(*lane.taken())
    lane.relayed = len(lane.stage.ledger.stream)
    assert sweep(lane, 15) == []
    assert later(lane, 25).sweep().recounted == [lane.job.id]
    assert (lane.job.completed, lane.job.status) == (2, "running")
    (command,) = sweep(lane, 50)
    lane.plan(command)
    assert lane.sent() == [2, 3]


def test_what_started_over_unknown_to_the_relay_is_sent_again_within_the_limit() -> None:
    lane = Lane(*["bad"] * 5, most=2)
    lane.run(2)
    lane.retry()
    lane.relayed = len(lane.stage.ledger.stream)
    assert sweep(lane, 25) == []
    assert (lane.job.failed, lane.job.held) == (0, "2-4")
    for command in sweep(lane, *range(40, 60)):
        lane.plan(command)
    assert lane.sent()[:2] == [0, 1]


def test_the_held_tasks_of_a_cancelled_job_are_skipped_when_the_command_was_lost() -> None:
    lane = Lane(*"abcde", most=2)
    lane.work(*lane.taken())
    lane.stage.ledger.cancel(lane.job.id)
    lane.relay()
    lane.stage.intake.bodies.clear()
    for command in sweep(lane, 25):
        lane.plan(command)
    assert lane.statuses[2:] == ["skipped"] * 3


def test_a_held_task_that_ended_is_held_no_more() -> None:
    """As one whose op was removed: the sweeper fails it."""
    lane = Lane(*"abcd", most=1)
    held = msgspec.structs.replace(lane.taken()[0], index=2)
    lane.stage.ledger.commit(held, Outcome(status="failed", finished_at=now()))
    lane.relay()
    assert members(lane.job.held) == {1, 3}
