"""The whole flow under duplicates, reordering and crashes: every task ends exactly once, and the counts are right."""

from collections import Counter

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from relay.changes import read_changes
from tests.fakes import CrashError, Crashes
from tests.functions.stage import Stage
from umbel_core.contract import Manifest, TaskSpec
from umbel_core.contract.records import TaskStatus
from umbel_core.errors import LastAttemptError
from umbel_core.ids import JOBS_PREFIX, UPLOADS_PREFIX
from umbel_core.intake_messages import read_message
from umbel_core.ledger import ENDED, JobRecord
from umbel_core.messages import RetryTasks, RunTask
from umbel_core.op_stats import MINUTE

RECEIVES = 5
STATUSES: tuple[TaskStatus, ...] = ("pending", "running", "completed", "failed", "skipped")
CRASH = st.one_of(st.none(), st.none(), st.integers(0, 12))
PICK = st.integers(0, 99)
MOST = st.sampled_from([None, 1, 2])
TEXTS = st.lists(st.sampled_from(["good", "bad", "broken"]), min_size=1, max_size=7)


class Flow(RuleBasedStateMachine):
    """Queues deliver in any order, any number of times; processes crash between any two effects."""

    def __init__(self) -> None:
        super().__init__()
        self.crashes = Crashes()
        self.stage = Stage(self.crashes)
        self.intake: list[str] = []
        self.lane: list[tuple[bytes, int]] = []
        self.relayed = 0
        self.made = 0
        self.cancelled: set[str] = set()
        self.sent: set[tuple[str, int, int]] = set()

    @precondition(lambda self: self.made < 3)
    @rule(texts=TEXTS, most=MOST)
    def submit_a_manifest(self, texts: list[str], most: int | None) -> None:
        manifest = Manifest(tasks=[TaskSpec(op="say", input=text) for text in texts], max_in_flight=most)
        self.made += 1
        self.intake.append(self.stage.drop(f"{JOBS_PREFIX}{self.made}.json", msgspec.json.encode(manifest)))

    @precondition(lambda self: self.made < 3)
    @rule(texts=TEXTS)
    def expect_a_manifest(self, texts: list[str]) -> None:
        manifest = Manifest(tasks=[TaskSpec(op="say", input=text) for text in texts])
        self.made += 1
        job = f"j{self.made:020}"
        key = f"{JOBS_PREFIX}{job}.json"
        self.stage.ledger.expect(
            JobRecord(id=job, kind="manifest", name="n", created_at="t", updated_at="t", source=key)
        )
        self.intake.append(self.stage.drop(key, msgspec.json.encode(manifest)))

    @precondition(lambda self: self.made < 3)
    @rule()
    def drop_a_picture(self) -> None:
        self.made += 1
        self.intake.append(self.stage.drop(f"{UPLOADS_PREFIX}{self.made}.png", b"pixels"))

    @precondition(lambda self: self.intake)
    @rule(pick=PICK, crash=CRASH, twice=st.booleans())
    def plan(self, pick: int, crash: int | None, twice: bool) -> None:
        place = pick % len(self.intake)
        if self._plan(self.intake[place], crash) and not twice:
            del self.intake[place]

    @precondition(lambda self: self.lane)
    @rule(picks=st.lists(PICK, min_size=1, max_size=9), crash=CRASH, twice=st.booleans())
    def work(self, picks: list[int], crash: int | None, twice: bool) -> None:
        for pick in picks:
            if self.lane:
                self._work(pick % len(self.lane), crash, twice)

    @precondition(lambda self: self.stage.ledger.stream)
    @rule(forth=st.integers(1, 9), back=st.integers(0, 5), crash=CRASH)
    def relay(self, forth: int, back: int, crash: int | None) -> None:
        """Relay a part of the stream, which may repeat records but never leaves one out."""
        self._relay(max(0, self.relayed - back), self.relayed + forth, crash)

    @precondition(lambda self: len(self._jobs()) > 1)
    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        jobs = self._jobs()
        stopped = self.stage.ledger.cancel(jobs[pick % len(jobs)])
        if stopped and stopped.status == "cancelled":
            self.cancelled.add(stopped.id)

    @precondition(lambda self: self._jobs())
    @rule(pick=PICK)
    def retry(self, pick: int) -> None:
        jobs = self._jobs()
        job = self.stage.ledger.job(jobs[pick % len(jobs)])
        # The API refuses all others.
        if job and (job.failed + job.skipped or (job.status == "cancelled" and job.completed < job.total)):
            was_cancelled = job.status == "cancelled"
            self.stage.ledger.resume(job.id)
            command = RetryTasks(job.id, waiting=was_cancelled and job.max_in_flight is not None)
            self.intake.append(msgspec.json.encode(command).decode())

    @invariant()
    def a_task_ends_once_a_round(self) -> None:
        ends: Counter[tuple[str, int]] = Counter()
        for change in read_changes(self.stage.ledger.stream).tasks:
            if change.task.status in ENDED and change.old not in ENDED:
                ends[change.task.id, change.task.round] += 1
            is_repeat = change.old == change.task.status and change.task.cost_nano > change.old_cost_nano
            assert is_repeat or not (change.old in ENDED and change.task.status in ENDED), "an end was overwritten"
        assert set(ends.values()) <= {1}

    @invariant()
    def no_more_tasks_of_a_job_are_in_flight_than_it_says(self) -> None:
        for job in self.stage.ledger.jobs(1000, None)[0]:
            tasks = self.stage.ledger.all_tasks(job.id)
            flying = [it.id for it in tasks if it.status not in ENDED and (job.id, it.index, it.round) in self.sent]
            assert len(flying) <= (job.max_in_flight or len(flying))

    @invariant()
    def workers_skip_the_tasks_of_the_jobs_that_are_cancelled(self) -> None:
        jobs, _ = self.stage.ledger.jobs(1000, None)
        assert {job.id for job in jobs if job.status == "cancelled"} == self.stage.ledger.cancelled(
            job.id for job in jobs
        )

    def teardown(self) -> None:
        """Deliver everything without crashes; then all records must be as if there had been none."""
        self.crashes.crash_at(None)
        # What the relay writes comes back to it, and what it counts may have more tasks sent.
        while self.intake or self.lane or self.relayed < len(self.stage.ledger.stream):
            while self.intake:
                assert self._plan(self.intake.pop(), None)
            while self.lane:
                self._work(0, None, twice=False)
            self._relay(self.relayed, len(self.stage.ledger.stream), None)
        self._relay(0, len(self.stage.ledger.stream), None)
        self._check_op_stats()
        for job in self.stage.ledger.jobs(1000, None)[0]:
            tasks = list(self.stage.ledger.all_tasks(job.id))
            counted = Counter(task.status for task in tasks)
            assert len(tasks) == job.total
            assert (job.completed, job.failed, job.skipped) == tuple(counted[status] for status in ENDED)
            assert sum(counted[status] for status in ENDED) == job.total
            expected = "completed" if job.completed == job.total else "failed"
            assert job.status == ("cancelled" if self.stage.ledger.cancelled([job.id]) else expected)
            assert {error.task for error in job.errors} == {task.id for task in tasks if task.status == "failed"}
            for task in tasks:
                fits = {"bad": "failed", "broken": "failed"}.get(task.input, "completed")
                # A good task fails too when its worker crashes every time.
                crashed = task.error is not None and task.error.code in ("given_up", "worker_died")
                assert crashed or task.status in ({fits, "skipped"} if job.id in self.cancelled else {fits})

    def _check_op_stats(self) -> None:
        """Compare the op stats with a recount of the ledger."""
        jobs, _ = self.stage.ledger.jobs(1000, None)
        tasks = [task for job in jobs for task in self.stage.ledger.all_tasks(job.id)]
        recount = Counter((task.op, task.status) for task in tasks)
        counted = self.stage.ledger.counted(MINUTE)
        for op in {task.op for task in tasks} | set(counted.forever):
            stats = counted.forever[op]
            assert {status: stats.count(status) for status in STATUSES} == {s: recount[op, s] for s in STATUSES}
            by_minute = [ops[op] for ops in counted.minutes.values() if op in ops]
            assert stats.runs == sum(minute.runs for minute in by_minute)
            assert stats.ms == sum(minute.ms for minute in by_minute)
            ends = [task.finished_at for task in tasks if task.op == op and task.status == "completed"]
            assert stats.last_success == max(filter(None, ends), default="")
            for minute in by_minute:
                assert minute.runs == sum(minute.steps.values()) == sum(each.runs for each in minute.workers.values())
                assert minute.ms == sum(each.ms for each in minute.workers.values())

    def _plan(self, body: str, crash: int | None) -> bool:
        self.crashes.crash_at(crash)
        try:
            for created in read_message(body):
                self.stage.planner.take(created)
        except CrashError:
            return False
        finally:
            self.crashes.crash_at(None)
            self.lane += [(message, 0) for message in self.stage.tasks.messages]
            self.sent.update((each.job_id, each.index, each.round) for each in self.stage.tasks.commands)
            self.stage.tasks.messages.clear()
        return True

    def _work(self, place: int, crash: int | None, twice: bool) -> None:
        message, received = self.lane[place]
        command = msgspec.json.decode(message, type=RunTask)
        self.crashes.crash_at(crash)
        try:
            if received >= RECEIVES:
                self.stage.dead_letters.fail_task(command.op, f"{command.job_id}{command.index}", message.decode())
            else:
                self.lane[place] = message, received + 1
                self.stage.runner().run(command, received + 1)
        except LastAttemptError:
            self.lane[place] = message, RECEIVES
            return
        except (CrashError, RuntimeError):
            self.stage.ledger.pass_time(3600)
            return
        finally:
            self.crashes.crash_at(None)
        if not twice:
            del self.lane[place]

    def _relay(self, start: int, end: int, crash: int | None) -> None:
        self.crashes.crash_at(crash)
        end = min(end, len(self.stage.ledger.stream))
        try:
            self.stage.relay.relay(read_changes(self.stage.ledger.stream[start:end]))
        except CrashError:
            return
        finally:
            self.crashes.crash_at(None)
            self.intake += self.stage.intake.bodies
            self.stage.intake.bodies.clear()
        self.relayed = end

    def _jobs(self) -> list[str]:
        return sorted(job.id for job in self.stage.ledger.jobs(1000, None)[0])


TestFlow = Flow.TestCase
TestFlow.settings = settings(max_examples=settings().max_examples * 3 // 5, stateful_step_count=40, deadline=None)
