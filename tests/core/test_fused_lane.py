"""The lane of fused recipes has all that its ops need, and its messages have all variants of a picture."""

from pathlib import Path

import msgspec

from umbel_core.catalogue import Catalogue, read_ops
from umbel_core.fused_lane import FUSED, KEPT_MB, FusedLane, fused_lane, packed
from umbel_core.messages import RunTask
from umbel_core.recipes import Recipes, RecipeVariant

OPS = read_ops(Path("functions/ops"))
RECIPES: Recipes = {
    "default": {"blur": RecipeVariant("blur")},
    "all": {name: RecipeVariant(name, fuse=True) for name in ("flip", "info", "thumbnail")},
    "two": {"a": RecipeVariant("thumbnail", fuse=True), "b": RecipeVariant("thumbnail", fuse=True)},
}


def task(index: int, job_id: str = "j1", *, fused: bool = True, text: str = "") -> RunTask:
    return RunTask(job_id=job_id, index=index, op="say", variant=f"v{index}", input=text, fused=fused)


def indices(messages: list[RunTask]) -> list[list[int]]:
    return [[each.index for each in message.tasks] for message in messages]


def test_without_a_fused_recipe_there_is_no_such_lane() -> None:
    assert fused_lane({"default": RECIPES["default"]}, OPS) is None
    assert OPS.with_fused(None).lanes == {name: card.compute for name, card in OPS.items()}
    assert OPS.lane_of("blur", fused=True) == "blur", "a task of a recipe that was fused goes to the lane of its op"


def test_the_lane_has_the_ops_of_all_fused_recipes_and_what_they_need_together() -> None:
    lane = fused_lane(RECIPES, OPS)
    assert lane
    assert lane.ops == ("flip", "info", "thumbnail")
    assert lane.compute.memory_mb == max(OPS[name].compute.memory_mb for name in lane.ops) + KEPT_MB
    assert lane.compute.timeout_seconds == sum(OPS[name].compute.timeout_seconds for name in lane.ops)
    assert not lane.compute.ordered


def test_the_lane_asks_for_no_more_than_a_function_may_have() -> None:
    compute = msgspec.structs.replace(OPS["flip"].compute, memory_mb=10_240, timeout_seconds=500)
    ops = Catalogue([msgspec.structs.replace(OPS["flip"], compute=compute)])
    lane = fused_lane({"default": {name: RecipeVariant("flip", fuse=True) for name in ("a", "b")}}, ops)
    assert lane
    assert (lane.compute.memory_mb, lane.compute.timeout_seconds) == (10_240, 900)


def test_a_catalogue_keeps_the_lane(tmp_path: Path) -> None:
    catalogue = OPS.with_fused(fused_lane(RECIPES, OPS))
    (tmp_path / "catalogue.json").write_bytes(catalogue.dump())
    loaded = Catalogue.load(tmp_path / "catalogue.json")
    assert isinstance(loaded.fused, FusedLane)
    assert loaded.fused == catalogue.fused
    assert list(loaded.lanes) == [*OPS, FUSED]
    assert FUSED not in loaded, "it is no op"
    assert (loaded.lane_of("flip", fused=True), loaded.lane_of("flip", fused=False)) == (FUSED, "flip")
    assert loaded.lane_of("blur", fused=True) == "blur"


def test_the_fused_tasks_of_a_job_are_one_message() -> None:
    apart, other = task(9, fused=False), [task(0, "j2"), task(1, "j2")]
    messages = list(packed([task(0), task(1), apart, task(2), *other]))
    assert indices(messages) == [[9], [0, 1, 2], [0, 1]]
    assert [message.job_id for message in messages] == ["j1", "j1", "j2"]


def test_tasks_that_do_not_fit_into_one_message_are_several() -> None:
    """SNS takes 256 kB. The parameters of an op of one's own may be long."""
    messages = list(packed(task(index, text="x" * 60_000) for index in range(7)))
    assert indices(messages) == [[0, 1, 2], [3, 4, 5], [6]]
    assert all(len(msgspec.json.encode(message)) < 256_000 for message in messages)


def test_a_message_of_the_version_before_is_one_task() -> None:
    old = b'{"job":"j1","index":3,"op":"say","variant":"v","input":""}'
    read = msgspec.json.decode(old, type=RunTask)
    assert (read.tasks, read.fused) == ([read], False)
    assert msgspec.json.encode(read) == old, "so does a worker of that version read the messages of plain recipes"
