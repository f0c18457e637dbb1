"""A deployment says which tasks wait in the lanes that it deletes, and does not start unless it was asked to."""

from pathlib import Path

import pytest

from umbel import waiting
from umbel.errors import UmbelError
from umbel.waiting import Waiting, lost_by_deploying
from umbel_core.catalogue import read_ops
from umbel_core.fused_lane import FUSED

WANTED = {"blur": ["umbel-op-blur", "umbel-op-blur-bulk"], "sum": ["umbel-op-sum.fifo"]}
QUEUES = {"umbel-op-blur": 3, "umbel-op-sum": 2, "umbel-op-gone": 1, "umbel-op-old.fifo": 0, "umbel-intake": 5}


def test_a_queue_that_stays_or_is_empty_or_is_no_lane_loses_nothing() -> None:
    queues = {"umbel-op-blur": 3, "umbel-op-blur-bulk": 4, "umbel-op-old.fifo": 0, "umbel-intake": 5}
    assert list(lost_by_deploying(queues, WANTED)) == []


def test_the_lanes_of_removed_ops_and_of_those_that_became_ordered_are_named() -> None:
    assert list(lost_by_deploying(QUEUES, WANTED)) == [Waiting("gone", 1, stays=False), Waiting("sum", 2, stays=True)]


def test_the_bulk_queue_of_a_lane_that_gets_a_single_queue_is_named() -> None:
    single = {"blur": ["umbel-op-blur"]}
    queues = {"umbel-op-blur": 3, "umbel-op-blur-bulk": 4}
    assert list(lost_by_deploying(queues, single)) == [Waiting("blur", 4, stays=True)]


def test_the_tasks_of_fused_recipes_start_again_elsewhere_when_no_recipe_is_fused_any_more() -> None:
    queues = {f"umbel-op-{FUSED}": 3}
    assert list(lost_by_deploying(queues, WANTED)) == [Waiting(FUSED, 3, stays=True)]


def test_the_lanes_of_a_deployment_are_those_of_its_ops_and_that_of_fused_recipes(tmp_path: Path) -> None:
    path = tmp_path / "recipes.toml"
    path.write_text("[default]\nfuse = true\nblur = {}\n")
    ops, context = Path("functions/ops"), {"recipes": str(path), "leave_out": {"local": ["qr"]}}
    lanes = waiting.lanes(ops, "local", context)
    assert list(lanes) == [*(name for name in read_ops(ops) if name != "qr"), FUSED]
    assert FUSED not in waiting.lanes(ops, "local", {})
    path.write_text("[default]\nblurr = {}\n")
    with pytest.raises(UmbelError, match="did you mean blur"):
        waiting.lanes(ops, "local", context)


def test_the_sentence_says_what_happens_to_the_tasks_and_how_to_go_on() -> None:
    waiting.refuse([])
    with pytest.raises(UmbelError) as refusal:
        waiting.refuse(lost_by_deploying(QUEUES, WANTED))
    assert str(refusal.value) == (
        "1 task of 'gone' would fail, because the op is removed or renamed; 2 tasks of 'sum' would start again ten "
        "minutes later, because its queue is replaced. Let them end first, or deploy all the same: "
        "umbel up --drop-waiting"
    )


def test_the_doctor_stops_a_deployment_to_aws_unless_it_is_allowed() -> None:
    lost = list(lost_by_deploying(QUEUES, WANTED))
    assert waiting.finding([], allowed=False).good
    assert not waiting.finding(lost, allowed=False).good
    assert "drop_waiting=true" in waiting.finding(lost, allowed=False).advice[0]
    assert waiting.finding(lost, allowed=True).good


@pytest.mark.parametrize("given", [{"local": ["qr"]}, '{"local": ["qr"]}'])
def test_the_ops_to_leave_out_may_come_from_the_command_line(given: object) -> None:
    assert waiting.left_out("local", {"leave_out": given}) == ["qr"]
    assert waiting.left_out("aws", {"leave_out": given}) == []
