"""The handlers that read queues, called with the events that Lambda sends."""

from collections.abc import Callable, Iterator
from threading import Barrier
from typing import Any

import msgspec
import pytest

import coordinator.handler
import dead_letters.handler
import worker.handler
from dead_letters.environment import DeadLettersEnvironment
from tests.functions.stage import CATALOGUE, Stage
from umbel_core.aws.consumer import SqsConsumer
from umbel_core.clock import epoch
from umbel_core.contract import Manifest, TaskSpec
from umbel_core.environment import variables
from umbel_core.ids import JOBS_PREFIX
from umbel_core.intake_messages import ObjectCreated
from umbel_core.messages import RunTask
from umbel_core.settings import Limits
from worker.batch import BatchRunner

QUEUE_URL = "https://queue"


class FakeSqs:
    """Remembers after how many seconds each message becomes visible again."""

    def __init__(self) -> None:
        self.visible_after: dict[str, int] = {}

    def change_message_visibility(self, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        assert QueueUrl == QUEUE_URL
        self.visible_after[ReceiptHandle] = VisibilityTimeout

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> None:  # noqa: N803
        for entry in Entries:
            self.change_message_visibility(QueueUrl, entry["ReceiptHandle"], entry["VisibilityTimeout"])


class Context:
    """Lambda's context, as far as handlers read it."""

    def __init__(self, *remaining_ms: int) -> None:
        self._remaining_ms = list(remaining_ms)

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms.pop(0) if len(self._remaining_ms) > 1 else self._remaining_ms[0]


def event(*bodies: str, queue: str = "umbel-intake", receives: int = 1) -> dict[str, Any]:
    records = [
        {
            "messageId": f"m{place}",
            "receiptHandle": f"r{place}",
            "body": body,
            "attributes": {"ApproximateReceiveCount": str(receives)},
            "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{queue}",
        }
        for place, body in enumerate(bodies)
    ]
    return {"Records": records}


def failed(answer: dict[str, Any]) -> list[str]:
    return [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def sqs() -> FakeSqs:
    return FakeSqs()


@pytest.fixture(autouse=True)
def _wired(stage: Stage, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the handlers the stage's fakes instead of AWS adapters."""

    def consumer(logger: Any, needed_ms: float) -> SqsConsumer:
        return SqsConsumer(sqs, QUEUE_URL, logger, needed_ms)  # type: ignore[arg-type]

    intake = consumer(coordinator.handler.logger, coordinator.handler.NEEDED_MS)
    batches = BatchRunner(stage.runner(), consumer(worker.handler.logger, 10_000), worker.handler.logger)
    limits = Limits()
    environment = DeadLettersEnvironment(
        ledger_table="t", limits=limits, intake_dead="umbel-intake-dead", lane_prefix="umbel-op-", dead_suffix="-dead"
    )
    for name, value in variables(environment).items():
        monkeypatch.setenv(name, value)
    dead_letters.handler.environment.cache_clear()
    monkeypatch.setattr(coordinator.handler, "planner", lambda: stage.planner)
    monkeypatch.setattr(coordinator.handler, "intake", lambda: intake)
    monkeypatch.setattr(worker.handler, "batches", lambda: batches)
    monkeypatch.setattr(dead_letters.handler, "dead_letters", lambda: stage.dead_letters)
    yield
    dead_letters.handler.environment.cache_clear()


@pytest.fixture
def tasks(stage: Stage, sqs: FakeSqs) -> Callable[..., list[str]]:
    """The messages of a job's tasks, one for each text."""

    def planned(*texts: str) -> list[str]:
        manifest = Manifest(tasks=[TaskSpec(op="say", input=text) for text in texts])
        notice = stage.drop(f"{JOBS_PREFIX}1.json", msgspec.json.encode(manifest))
        assert failed(coordinator.handler.handle(event(notice), Context(180_000))) == []
        sqs.visible_after.clear()
        return [message.decode() for message in stage.tasks.messages]

    return planned


def test_a_message_comes_back_when_the_attempt_of_its_stopped_worker_is_over(
    stage: Stage, sqs: FakeSqs, tasks: Callable[..., list[str]]
) -> None:
    """If it came earlier, it would wait again, which costs one of its five receives."""
    first, second = tasks("a", "b")
    worker.handler.handle(event(first, second, queue="umbel-op-say", receives=2), Context(19_900))
    for task in stage.ledger.all_tasks(stage.tasks.commands[0].job_id):
        assert epoch() < task.claimed_until <= epoch() + sqs.visible_after[f"r{task.index}"]


def test_the_small_messages_of_a_batch_are_planned_together_and_a_large_manifest_after_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the nine waits until all have begun."""
    together, order = Barrier(9), []

    class Waiting:
        def take(self, created: ObjectCreated, _: str) -> tuple[str, int]:
            if not created.is_manifest:
                together.wait(10)
            order.append(created.key)
            return "j1", 1

    monkeypatch.setattr(coordinator.handler, "planner", Waiting)
    large = stage.drop("jobs/large.json", b" " * 1_000_001)
    pictures = [stage.drop(f"uploads/{number}.jpg", b"pixels") for number in range(9)]
    assert failed(coordinator.handler.handle(event(large, *pictures), Context(180_000))) == []
    assert order[-1] == "jobs/large.json"
    assert len(order) == 10


def test_the_coordinator_logs_the_key_of_a_folder(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    assert failed(coordinator.handler.handle(event(stage.drop("uploads/cat.jpg/", b"pixels")), Context(180_000))) == []
    (line,) = [record for record in caplog.records if getattr(record, "key", None) == "uploads/cat.jpg/"]
    assert "starts no job" in line.message


def test_the_coordinator_plans_every_object_of_its_batch(tasks: Callable[..., list[str]]) -> None:
    assert len(tasks("a", "b")) == 2


def test_the_coordinator_starts_no_plan_that_may_not_end_in_time(stage: Stage, sqs: FakeSqs) -> None:
    notices = [stage.drop(f"{JOBS_PREFIX}{n}.json", b'{"tasks":[{"op":"say","input":"x"}]}') for n in range(2)]
    context = Context(180_000, coordinator.handler.NEEDED_MS, coordinator.handler.NEEDED_MS - 1)
    assert failed(coordinator.handler.handle(event(*notices), context)) == ["m1"]
    assert len(stage.tasks.messages) == 1
    assert sqs.visible_after == {"r0": 182, "r1": 0}


def test_a_message_that_the_coordinator_cannot_read_does_not_hold_up_the_others(stage: Stage, sqs: FakeSqs) -> None:
    notice = stage.drop(f"{JOBS_PREFIX}1.json", b'{"tasks":[{"op":"say","input":"x"}]}')
    assert failed(coordinator.handler.handle(event("{", notice, receives=2), Context(180_000))) == ["m0"]
    assert len(stage.tasks.messages) == 1
    assert sqs.visible_after == {"r0": 2, "r1": 182}


def test_a_worker_runs_its_batch_and_retries_what_broke(
    tasks: Callable[..., list[str]], stage: Stage, sqs: FakeSqs
) -> None:
    answer = worker.handler.handle(event(*tasks("good", "broken", "bad"), queue="umbel-op-say"), Context(20_000))
    assert failed(answer) == ["m1"]
    # If the worker dies, the others wait for as long as it could have run.
    assert sqs.visible_after == {"r0": 22, "r1": 1, "r2": 22}
    job = stage.ledger.jobs(1, None)[0][0]
    assert [task.status for task in stage.ledger.all_tasks(job.id)] == ["completed", "pending", "failed"]


def test_a_worker_starts_no_task_in_the_second_half_of_its_time(
    tasks: Callable[..., list[str]], stage: Stage, sqs: FakeSqs
) -> None:
    answer = worker.handler.handle(event(*tasks("good", "good")), Context(20_000, 10_000, 9_999))
    assert failed(answer) == ["m1"]
    assert sqs.visible_after == {"r0": 22, "r1": 0}


def test_of_tasks_that_may_have_stopped_their_workers_a_worker_runs_one(
    tasks: Callable[..., list[str]], stage: Stage, sqs: FakeSqs
) -> None:
    bodies = tasks("good", "good", "good")
    for body in bodies:
        assert stage.ledger.begin(msgspec.json.decode(body, type=RunTask), "a worker that died", 1, again=False)
    stage.ledger.pass_time(1)
    answer = worker.handler.handle(event(*bodies, receives=2), Context(20_000))
    assert failed(answer) == ["m1", "m2"]
    assert sqs.visible_after == {"r0": 22, "r1": 0, "r2": 0}


def test_redelivered_tasks_that_never_began_run_together(
    tasks: Callable[..., list[str]], stage: Stage, sqs: FakeSqs
) -> None:
    assert failed(worker.handler.handle(event(*tasks("good", "good", "good"), receives=2), Context(20_000))) == []


def test_messages_behind_a_failed_one_of_an_ordered_lane_wait_as_long_as_it_does(
    stage: Stage, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [TaskSpec(op="recite", input=text, group="north") for text in ("broken", "good")]
    notice = stage.drop(f"{JOBS_PREFIX}1.json", msgspec.json.encode(Manifest(tasks=tasks)))
    coordinator.handler.handle(event(notice), Context(180_000))
    runner = msgspec.structs.replace(stage.runner(), card=CATALOGUE["recite"])
    ordered = msgspec.structs.replace(worker.handler.batches(), runner=runner)
    monkeypatch.setattr(worker.handler, "batches", lambda: ordered)
    batch = event(*(message.decode() for message in stage.tasks.messages), queue="umbel-op-recite.fifo")
    batch["Records"][0]["attributes"]["ApproximateReceiveCount"] = "3"
    assert failed(worker.handler.handle(batch, Context(20_000))) == ["m0", "m1"]
    assert sqs.visible_after == {"r0": 4, "r1": 4}, "shown earlier, it would only use up receives"


def test_a_dead_letter_of_a_lane_fails_its_task(tasks: Callable[..., list[str]], stage: Stage) -> None:
    (message,) = tasks("good")
    answer = dead_letters.handler.handle(event(message, queue="umbel-op-say-dead", receives=6), Context(0))
    assert failed(answer) == []
    (kept,) = stage.ledger.dead_letters("say")
    task = stage.ledger.task(kept.job_id or "", 0)
    assert task
    assert (task.status, task.attempts) == ("failed", 0), "it was never tried"


def test_a_dead_letter_of_an_ordered_lane_has_its_op_too(stage: Stage) -> None:
    dead_letters.handler.handle(event("{}", queue="umbel-op-recite-dead.fifo"), Context(0))
    assert [kept.id for kept in stage.ledger.dead_letters("recite")] == ["m0"]


def test_a_dead_letter_of_the_intake_fails_its_job(stage: Stage) -> None:
    notice = stage.drop(f"{JOBS_PREFIX}1.json", b"{}")
    dead_letters.handler.handle(event(notice, queue="umbel-intake-dead"), Context(0))
    (job,) = stage.ledger.jobs(5, None)[0]
    assert (job.status, job.errors[0].code) == ("failed", "not_planned")


def test_a_dead_letter_that_cannot_be_kept_now_is_delivered_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(stage.ledger, "put_dead_letter", unavailable)
    answer = dead_letters.handler.handle(event("{}", "{}", queue="umbel-op-say-dead"), Context(0))
    assert failed(answer) == ["m0", "m1"]
