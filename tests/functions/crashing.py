"""A flow in which one function crashes at a chosen moment, and queues deliver until a message is deleted."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, get_args

import msgspec

from relay.changes import read_changes
from tests.fakes import CrashError, Crashes, FakeLanes
from tests.functions.stage import CATALOGUE, Stage, sweeper
from umbel_core.catalogue import Catalogue
from umbel_core.clock import stamp
from umbel_core.contract import Manifest, TaskSpec
from umbel_core.errors import LastAttemptError, Transient
from umbel_core.group_order import NotEndedError
from umbel_core.intake_messages import read_message
from umbel_core.ledger import ENDED, AlreadyRunningError, JobRecord, TaskRecord
from umbel_core.messages import RunTask

Function = Literal["coordinator", "worker", "relay", "dead-letter function", "sweeper"]
RECEIVES = {"say": 5, "soft": 5, "recite": 50}
"""A message becomes a dead letter after so many, as in the lanes of these ops."""
MINUTES = 45
"""After these everything has ended: the sweeper waits for ten minutes, and for twenty before it recounts."""
LIMIT = 2
"""`max_in_flight` of some jobs."""
LOST = "lost"
"""The first message of a task with this text is lost on its way to the lane."""


class OneCrash(Crashes):
    """Counts the moments of each function, and ends one function at one of them."""

    def __init__(self, function: Function | None, moment: int) -> None:
        super().__init__()
        self._crash = function, moment
        self._running: Function | None = None
        self.moments: Counter[Function] = Counter()

    @contextmanager
    def during(self, function: Function) -> Iterator[None]:
        """Count the moments of this function inside the block."""
        self._running = function
        try:
            yield
        finally:
            self._running = None

    def moment(self) -> None:
        if self._running:
            self.moments[self._running] += 1
            if (self._running, self.moments[self._running]) == self._crash:
                raise CrashError


class CrashingFlow:
    """Jobs with every way to end, sent to fakes of all functions.

    Without losses the sweeper would have nothing to do: the messages of some tasks are lost, so is the event of one
    job, and so are all changes of two others on their way to the relay. The op of a lost picture is removed meanwhile.
    """

    def __init__(self, function: Function | None = None, moment: int = 0) -> None:
        self.crashes = OneCrash(function, moment)
        self.stage = Stage(self.crashes)
        self.intake = self.stage.intake
        self.queues: dict[Function, list[tuple[str, int]]] = {name: [] for name in get_args(Function)}
        self._relayed = 0
        self._minute = 0
        self._jobs: dict[str, str] = {}
        self._sent: dict[str, set[int]] = defaultdict(set)
        self.stage.ledger.now = lambda: stamp(self._now())
        self.stage.connections.add("s1", "viewer")
        self.stage.connections.subscribe("s1", "*")
        self._submit("values", *(TaskSpec("say", text) for text in ("good", "bad", "half", "busy", "broken", LOST)))
        recited = (TaskSpec("recite", text, group="g") for text in ("good", LOST, "bad", "behind"))
        self._submit("group", *recited, on_error="stop_group")
        self._send("picture", "uploads/hero/{}/picture.png", b"pixels")
        self._send("removed", "uploads/hero/{}/picture.png", b"pixels")
        limited = ("good", "broken", LOST, "bad", "half", "busy", "good")
        self._submit("limited", *(TaskSpec("say", text) for text in limited), max_in_flight=LIMIT)
        recited = (TaskSpec("recite", text, group="g") for text in ("good", LOST, "bad", "behind", "last"))
        self._submit("limited group", *recited, max_in_flight=LIMIT)
        self._submit("limited uncounted", *(TaskSpec("say", "good") for _ in range(5)), max_in_flight=LIMIT)
        self._submit("uncounted", TaskSpec("say", "good"))
        self._submit("unplanned", TaskSpec("say", "good"))
        self.queues["coordinator"].pop()
        self._submit("given up", TaskSpec("say", "good"))
        self.queues["dead-letter function"].append(self.queues["coordinator"].pop())

    def run(self) -> "CrashingFlow":
        """Deliver every message once a minute until it is deleted, and let the sweeper run; return itself."""
        for self._minute in range(MINUTES):
            self._deliver("coordinator", self._plan)
            self._deliver("worker", self._work)
            self._deliver("dead-letter function", self._give_up)
            self._relay()
            self._invoke("sweeper", self._sweep)
        return self

    def job(self, name: str) -> JobRecord:
        """Return a job's record."""
        found = self.stage.ledger.job(self._jobs[name])
        assert found
        return found

    def jobs(self) -> dict[str, tuple[JobRecord, list[TaskRecord]]]:
        """Return each job with its tasks, by name."""
        return {
            name: (self.job(name), list(self.stage.ledger.all_tasks(job_id))) for name, job_id in self._jobs.items()
        }

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=self._minute)

    def _submit(self, name: str, *specs: TaskSpec, **options: Any) -> None:
        self._send(name, "jobs/{}.json", msgspec.json.encode(Manifest(tasks=list(specs), **options)))

    def _send(self, name: str, key: str, data: bytes) -> None:
        """Write the job as pending, as the API does, and put its object."""
        moment = stamp(self._now())
        job = JobRecord(id=f"j{len(self._jobs):020}", kind="task", name=name, created_at=moment, updated_at=moment)
        self._jobs[name] = job.id
        job.source = key.format(job.id)
        self.stage.ledger.expect(job)
        self.queues["coordinator"].append((self.stage.drop(job.source, data), 0))

    def _invoke(self, function: Function, work: Callable[[], object]) -> bool:
        """Let a function do its work; return whether it ended well. What it sent until then arrives."""
        try:
            with self.crashes.during(function):
                work()
        except (CrashError, RuntimeError, Transient, NotEndedError, AlreadyRunningError):
            return False
        finally:
            self._arrive()
        return True

    def _arrive(self) -> None:
        for command in self.stage.tasks.commands:
            self._check_in_flight(command)
            is_lost = command.input == LOST or command.job_id == self._jobs["removed"]
            if not is_lost or command.publication:
                self.queues["worker"].append((msgspec.json.encode(command).decode(), 0))
        self.queues["coordinator"] += [(body, 0) for body in self.intake.bodies]
        self.stage.tasks.messages.clear()
        self.intake.bodies.clear()

    def _check_in_flight(self, command: RunTask) -> None:
        """Check that a job with `max_in_flight` has not more tasks that were sent and have not ended."""
        self._sent[command.job_id].add(command.index)
        job = self.stage.ledger.job(command.job_id)
        if job and job.max_in_flight:
            tasks = (self.stage.ledger.task(job.id, index) for index in self._sent[job.id])
            assert sum(bool(task and task.status not in ENDED) for task in tasks) <= job.max_in_flight

    def _deliver(self, function: Function, work: Callable[[str, int], object]) -> None:
        """Deliver each message of the queue once; those of a function that did not end well stay in it."""
        messages, self.queues[function] = self.queues[function], []
        for body, received in messages:
            if function == "worker" and received == RECEIVES[msgspec.json.decode(body, type=RunTask).op]:
                self.queues["dead-letter function"].append((body, received))
            elif not self._invoke(function, partial(work, body, received)):
                self.queues[function].append((body, received + 1))

    def _plan(self, body: str, _: int) -> None:
        for command in read_message(body):
            self.stage.planner.take(command)

    def _work(self, body: str, received: int) -> None:
        try:
            self.stage.runner().run(msgspec.json.decode(body, type=RunTask), received + 1)
        except AlreadyRunningError as held:
            # Its message is visible again when the attempt that crashed cannot run any more.
            self.stage.ledger.pass_time(held.after_seconds)
            raise
        except LastAttemptError:
            self.queues["dead-letter function"].append((body, received))

    def _give_up(self, body: str, received: int) -> None:
        if '"op"' in body:
            self.stage.dead_letters.fail_task("say", "m2", body)
        else:
            self.stage.dead_letters.fail_jobs("m1", body)

    def _relay(self) -> None:
        """Relay the next changes, ten in a batch, and those of what the relay writes."""
        while self._relayed < len(self.stage.ledger.stream):
            batch = self.stage.ledger.stream[self._relayed : self._relayed + 10]
            lost = [f"JOB#{self._jobs[name]}" for name in ("uncounted", "limited uncounted")]
            arriving = [change for change in batch if change["dynamodb"]["Keys"]["pk"]["S"] not in lost]
            if self._invoke("relay", partial(self.stage.relay.relay, read_changes(arriving))):
                self._relayed += len(batch)

    def _sweep(self) -> None:
        sweeper(
            self.stage.ledger,
            self._now,
            lanes=FakeLanes(*CATALOGUE),
            uploads=self.stage.uploads,
            intake=self.intake,
            catalogue=Catalogue([card for op, card in CATALOGUE.items() if op != "soft"]),
            silence=timedelta(minutes=10),
        ).sweep()
