"""Fused recipes: one message runs all variants of a picture, and each of them ends by itself."""

from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger

from tests.fakes import FakeLanes
from tests.functions.stage import CATALOGUE, RECIPES, Stage, never_marked
from tests.functions.test_handlers import FakeSqs
from tests.functions.test_lost_messages import Place
from umbel_core.aws.consumer import SqsConsumer
from umbel_core.errors import Rejected
from umbel_core.fused_lane import FUSED, FusedLane, fused_card
from umbel_core.intake_messages import read_message
from umbel_core.messages import RetryTasks, RunTask
from umbel_core.op import Compute
from umbel_core.recipes import RecipeVariant
from umbel_core.sqs import Message
from worker.batch import BatchRunner
from worker.runner import MAX_ATTEMPTS, Runner
from worker.skipping import Skipping

QUEUE_URL = "https://queue"
CARD = fused_card(FusedLane(("soft",), Compute(memory_mb=2000, timeout_seconds=80, batch=2)))


class Lane:
    """The lane of fused recipes on a stage, and what its variants do, by their names."""

    def __init__(self) -> None:
        self.stage = Stage()
        fused = {name: RecipeVariant("soft", fuse=True) for name in ("a", "b", "c")}
        self.stage.planner = msgspec.structs.replace(self.stage.planner, recipes={**RECIPES, "fused": fused})
        self.errors: dict[str, Exception] = {}
        self.ran: list[str] = []
        self.beside: list[int] = []
        self.sqs = FakeSqs()
        self.dead: list[str] = []

    def upload(self) -> str:
        """Plan the job of a picture; return its id."""
        (created,) = read_message(self.stage.drop("uploads/fused/cat.png", b"picture"))
        return self.stage.planner.take(created)[0]

    def work(self, command: RunTask) -> Any:
        self.ran.append(command.variant)
        self.beside.append(len(command.together))
        if error := self.errors.get(command.variant):
            raise error
        return {"key": command.variant}

    def deliver(self, receives: int = 1, *remaining_ms: int, place: int = 0) -> bool:
        """Deliver a message; return whether it ended."""
        runner = Runner(CARD, self.work, self.stage.ledger, Skipping(self.stage.ledger), mark_running=never_marked)
        logger = Logger(service="test")
        consumer = SqsConsumer(self, QUEUE_URL, logger, 10_000, "https://dead")  # type: ignore[arg-type]
        message = Message(
            id="m1", body=self.stage.tasks.messages[place].decode(), receives=receives, receipt_handle="r1"
        )
        left = list(remaining_ms) or [80_000]
        return not BatchRunner(runner, consumer, logger).run([message], lambda: left.pop(0) if left[1:] else left[0])

    def change_message_visibility(self, **call: Any) -> None:
        self.sqs.change_message_visibility(**call)

    def change_message_visibility_batch(self, **call: Any) -> None:
        self.sqs.change_message_visibility_batch(**call)

    def send_message(self, **call: Any) -> None:
        self.dead.append(call["MessageBody"])

    def statuses(self, job: str) -> dict[str, str]:
        return {task.variant: task.status for task in self.stage.ledger.all_tasks(job)}


@pytest.fixture
def lane() -> Lane:
    return Lane()


def test_the_variants_of_a_fused_recipe_are_tasks_in_one_message(lane: Lane) -> None:
    job = lane.upload()
    (message,) = lane.stage.tasks.commands
    assert [task.variant for task in message.tasks] == ["a", "b", "c"]
    assert lane.deliver()
    assert lane.statuses(job) == dict.fromkeys("abc", "completed")
    assert lane.beside == [2, 2, 2], "each task has the others beside it, so that the picture is decoded for all"


def test_a_variant_that_fails_stops_no_other_one(lane: Lane) -> None:
    lane.errors["b"] = Rejected("bad", "That is bad.")
    job = lane.upload()
    assert lane.deliver()
    assert lane.statuses(job) == {"a": "completed", "b": "failed", "c": "completed"}


def test_after_an_error_the_message_comes_again_for_what_has_not_ended(lane: Lane) -> None:
    lane.errors["b"] = RuntimeError("that broke")
    job = lane.upload()
    assert not lane.deliver()
    assert lane.statuses(job) == {"a": "completed", "b": "pending", "c": "completed"}
    lane.errors.clear()
    assert lane.deliver(receives=2)
    assert lane.ran == ["a", "b", "c", "b"]
    assert lane.statuses(job)["b"] == "completed"


def test_a_variant_that_always_breaks_becomes_a_dead_letter_of_its_op_alone(lane: Lane) -> None:
    lane.errors["b"] = RuntimeError("that broke")
    job = lane.upload()
    for receives in range(1, MAX_ATTEMPTS):
        assert not lane.deliver(receives)
    assert lane.deliver(MAX_ATTEMPTS)
    (body,) = lane.dead
    assert [kept.op for kept in lane.stage.dead_letters.fail_tasks("fused-recipes", "m1", body)] == ["soft"]
    assert lane.statuses(job) == {"a": "completed", "b": "failed", "c": "completed"}
    (dead_letter,) = lane.stage.ledger.dead_letters("soft")
    assert dead_letter.index == 1
    assert f"after {MAX_ATTEMPTS} attempts" in dead_letter.reason
    assert lane.stage.dead_letters.fail_tasks("fused-recipes", "m1", body), "the queue may deliver it again"
    assert len(lane.stage.ledger.dead_letters("soft")) == 1


def test_a_variant_that_was_given_up_waits_for_those_that_may_still_end(lane: Lane) -> None:
    lane.errors |= {"a": RuntimeError("that broke"), "b": RuntimeError("that broke")}
    lane.upload()
    first, second, _ = lane.stage.tasks.commands[0].tasks
    for receives in range(1, MAX_ATTEMPTS):
        lane.deliver(receives)
    lane.stage.ledger.record_error(second, 2, "it began later")
    assert not lane.deliver(MAX_ATTEMPTS), f"{first.variant} was given up, and {second.variant} was not"
    assert lane.dead == []


def test_the_variants_for_which_no_time_is_left_come_again(lane: Lane) -> None:
    job = lane.upload()
    # The batch, the message, two tasks; then there is none.
    assert not lane.deliver(1, 80_000, 80_000, 80_000, 80_000, 5_000)
    assert lane.statuses(job) == {"a": "completed", "b": "completed", "c": "pending"}
    assert lane.sqs.visible_after["r1"] == 0
    assert lane.deliver(receives=2)
    assert lane.statuses(job)["c"] == "completed"
    assert lane.ran == ["a", "b", "c"]


def test_a_variant_that_stops_its_worker_is_given_up_and_the_others_end(lane: Lane) -> None:
    class KilledError(BaseException):
        """Stands in for the end of the process."""

    lane.errors["b"] = KilledError()  # type: ignore[assignment]
    job = lane.upload()
    for receives in range(1, 5):
        with pytest.raises(KilledError):
            lane.deliver(receives)
        lane.stage.ledger.pass_time(1000)
    assert lane.deliver(5)
    assert lane.statuses(job) == {"a": "completed", "b": "failed", "c": "completed"}
    task = lane.stage.ledger.task(job, 1)
    assert task
    assert task.error
    assert task.error.code == "worker_died"
    assert lane.ran.count("a") == lane.ran.count("c") == 1


def test_failed_variants_are_retried_in_one_message(lane: Lane) -> None:
    lane.errors |= dict.fromkeys("ab", Rejected("bad", "That is bad."))
    job = lane.upload()
    lane.deliver()
    lane.errors.clear()
    lane.stage.planner.take(RetryTasks(job))
    assert [task.variant for task in lane.stage.tasks.commands[1].tasks] == ["a", "b"]
    assert lane.deliver(place=1)
    assert lane.statuses(job) == dict.fromkeys("abc", "completed")


def test_a_lost_message_is_looked_for_in_the_lane_of_fused_recipes_and_published_again() -> None:
    place = Place()
    place.catalogue = CATALOGUE.with_fused(FusedLane(("soft",), CARD.compute))
    place.lanes = FakeLanes("soft", "say", "recite", FUSED)
    fused = {name: RecipeVariant("soft", fuse=True) for name in ("a", "b")}
    place.stage.planner = msgspec.structs.replace(place.stage.planner, recipes={**RECIPES, "fused": fused})
    job = place.take(place.stage.drop("uploads/fused/cat.png", b"picture"))
    place.lose_messages()
    place.lanes.queues[FUSED] = 3
    assert place.sweep(minutes=20).published == [], "it may be one of the three that wait"
    place.lanes.queues[FUSED] = 0
    assert place.sweep(minutes=10).published == [job]
    (message,) = place.stage.tasks.commands
    assert [(task.variant, task.publication) for task in message.tasks] == [("a", 1), ("b", 1)]


def test_a_message_of_a_lane_that_was_removed_is_published_again_to_the_lanes_of_the_ops() -> None:
    place = Place()
    fused = {"a": RecipeVariant("soft", fuse=True)}
    place.stage.planner = msgspec.structs.replace(place.stage.planner, recipes={**RECIPES, "fused": fused})
    job = place.take(place.stage.drop("uploads/fused/cat.png", b"picture"))
    place.lose_messages()
    assert place.sweep(minutes=15).published == [job], "the lane of its op is empty"
