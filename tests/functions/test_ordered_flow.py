"""Groups under redelivery and crashes: in order, stopped at the first failure, resumed there by a retry."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from relay.changes import read_changes
from tests.fakes import CrashError, Crashes
from tests.functions.stage import Stage
from umbel_core.contract import Manifest, TaskSpec
from umbel_core.errors import LastAttemptError
from umbel_core.group_order import NotEndedError
from umbel_core.ids import JOBS_PREFIX
from umbel_core.intake_messages import read_message
from umbel_core.ledger import TaskRecord
from umbel_core.messages import RetryTasks, RunTask

RECEIVES = 5
CRASH = st.one_of(st.none(), st.none(), st.integers(0, 8))
GROUPS = ("north", "south")
TEXTS = st.lists(st.sampled_from(["good", "good", "bad", "broken"]), min_size=2, max_size=12)


class FifoFlow(RuleBasedStateMachine):
    """A FIFO queue delivers a group's next message when the one before it is deleted or given up, and not earlier.

    A given-up message waits in the dead-letter queue, and meanwhile its group goes on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.crashes = Crashes()
        self.stage = Stage(self.crashes)
        self.lanes: dict[str, deque[tuple[bytes, int]]] = {group: deque() for group in GROUPS}
        self.dead: deque[tuple[bytes, int]] = deque()
        self.job_id = ""

    @precondition(lambda self: any(self.lanes.values()))
    @rule(group=st.sampled_from(GROUPS), crash=CRASH, twice=st.booleans())
    def work(self, group: str, crash: int | None, twice: bool) -> None:
        if self.lanes[group]:
            self._work(group, crash, twice)

    @precondition(lambda self: self.dead)
    @rule(crash=CRASH, twice=st.booleans())
    def process_dead_letter(self, crash: int | None, twice: bool) -> None:
        self._process_dead_letter(crash, twice)

    def _submit(self, texts: list[str], **fields: Any) -> None:
        specs = [TaskSpec(op="recite", input=text, group=GROUPS[place % 2]) for place, text in enumerate(texts)]
        body = msgspec.json.encode(Manifest(tasks=specs, **fields))
        self._plan(self.stage.drop(f"{JOBS_PREFIX}1.json", body))
        self.job_id = self.stage.ledger.jobs(1, None)[0][0].id

    def _deliver_all(self) -> None:
        """Let each queue deliver its next message."""
        if self.dead:
            self._process_dead_letter(None, twice=False)
        for group in GROUPS:
            if self.lanes[group]:
                self._work(group, None, twice=False)

    def _groups(self) -> list[list[TaskRecord]]:
        tasks = list(self.stage.ledger.all_tasks(self.job_id))
        return [[task for task in tasks if task.group == group] for group in GROUPS]

    def _plan(self, body: str) -> None:
        for created in read_message(body):
            self.stage.planner.take(created)
        for message in self.stage.tasks.messages:
            command = msgspec.json.decode(message, type=RunTask)
            self.lanes[command.group or ""].append((message, 0))
        self.stage.tasks.messages.clear()

    def _work(self, group: str, crash: int | None, twice: bool) -> None:
        message, received = self.lanes[group][0]
        if received >= RECEIVES:
            self.dead.append(self.lanes[group].popleft())
            return
        self.lanes[group][0] = message, received + 1
        command = msgspec.json.decode(message, type=RunTask)
        try:
            if self._survives(crash, lambda: self.stage.runner().run(command, received + 1)) and not twice:
                self.lanes[group].popleft()
        except NotEndedError:
            # The pauses between five receives are far longer than a dead letter waits.
            self.lanes[group][0] = message, received
        except LastAttemptError:
            self.dead.append(self.lanes[group].popleft())

    def _process_dead_letter(self, crash: int | None, twice: bool) -> None:
        message, _ = self.dead[0]
        command = msgspec.json.decode(message, type=RunTask)
        process = partial(self.stage.dead_letters.fail_task, command.op, f"{command.index}", message.decode())
        try:
            if self._survives(crash, process) and not twice:
                self.dead.popleft()
        except NotEndedError:
            # The dead letter of the task before comes first: this one comes again.
            self.dead.rotate(-1)

    def _survives(self, crash: int | None, action: Callable[[], object]) -> bool:
        self.crashes.crash_at(crash)
        try:
            action()
        except (CrashError, RuntimeError):
            self.stage.ledger.pass_time(3600)
            return False
        finally:
            self.crashes.crash_at(None)
        return True


class OrderedFlow(FifoFlow):
    """A failure stops its group."""

    @initialize(texts=TEXTS)
    def submit(self, texts: list[str]) -> None:
        self._submit(texts, on_error="stop_group")

    @precondition(lambda self: not any(self.lanes.values()) and not self.dead)
    @rule()
    def retry(self) -> None:
        self._plan(msgspec.json.encode(RetryTasks(self.job_id)).decode())

    @invariant()
    def nothing_runs_behind_a_failure(self) -> None:
        for tasks in self._groups():
            ends = [task.status for task in tasks]
            if "failed" in ends:
                behind = ends[ends.index("failed") + 1 :]
                assert set(behind) <= {"pending", "skipped"}

    @invariant()
    def nothing_overtakes(self) -> None:
        for tasks in self._groups():
            begun = [task.status != "pending" for task in tasks]
            assert begun == sorted(begun, reverse=True)

    def teardown(self) -> None:
        while any(self.lanes.values()) or self.dead:
            self._deliver_all()
        for tasks in self._groups():
            first_bad = next((place for place, task in enumerate(tasks) if task.status == "failed"), len(tasks))
            assert all(task.status == "completed" for task in tasks[:first_bad])
            assert all(task.status == "skipped" for task in tasks[first_bad + 1 :])


class LimitedFlow(FifoFlow):
    """A failure stops nothing, a few tasks are in flight at a time, and a retry may come at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.relayed = 0

    @initialize(texts=TEXTS, most=st.integers(1, 3))
    def submit(self, texts: list[str], most: int) -> None:
        self._submit(texts, max_in_flight=most)

    @rule(indices=st.one_of(st.none(), st.lists(st.integers(0, 11), max_size=3)))
    def retry(self, indices: list[int] | None) -> None:
        self.stage.ledger.resume(self.job_id)
        self._plan(msgspec.json.encode(RetryTasks(self.job_id, indices)).decode())

    @rule(crash=CRASH)
    def relay(self, crash: int | None) -> None:
        """Relay all changes; the coordinator does what the relay asks for."""
        end = len(self.stage.ledger.stream)
        batch = read_changes(self.stage.ledger.stream[self.relayed : end])
        if self._survives(crash, lambda: self.stage.relay.relay(batch)):
            self.relayed = end
        bodies, self.stage.intake.bodies = self.stage.intake.bodies, []
        for body in bodies:
            self._plan(body)

    @invariant()
    def each_task_begins_when_the_one_before_has_ended(self) -> None:
        running = [sum(task.may_be_running for task in tasks) for tasks in self._groups()]
        assert max(running, default=0) <= 1

    def teardown(self) -> None:
        """No task waits in a lane for one that is held."""
        for _ in range(400):
            self._deliver_all()
            self.relay(None)
        assert not any(self.lanes.values())
        assert not self.dead
        job = self.stage.ledger.job(self.job_id)
        assert job
        assert job.completed + job.failed == job.total
        assert (job.held, job.sending) == ("", "")


TestOrderedFlow = OrderedFlow.TestCase
TestOrderedFlow.settings = settings(
    max_examples=settings().max_examples * 3 // 5, stateful_step_count=40, deadline=None
)
TestLimitedFlow = LimitedFlow.TestCase
TestLimitedFlow.settings = TestOrderedFlow.settings
