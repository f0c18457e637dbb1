"""A fused recipe has a lane of its own, with the ops of all fused recipes; without one there is no such lane."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.bundle import BUILD
from infra.settings import SettingsError
from tests.infra.synthesis import of_type, synthesise
from umbel_core.fused_lane import FUSED
from umbel_core.lane_settings import LaneSettingsError

RECIPES = """
[default.thumbnail]

[all]
fuse = true
thumbnail = {}
marked = { op = "watermark", image = "logo.png" }
what = { op = "info" }
"""


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("recipes") / "recipes.toml"
    path.write_text(RECIPES)
    return str(path)


def function_of(template: dict[str, Any]) -> dict[str, Any]:
    (found,) = (
        each
        for each in of_type(template, "AWS::Lambda::Function").values()
        if each.get("FunctionName") == f"umbel-op-{FUSED}"
    )
    return found


def test_the_project_s_own_recipes_have_no_such_lane(template: dict[str, Any]) -> None:
    names = [each.get("FunctionName") for each in of_type(template, "AWS::Lambda::Function").values()]
    assert f"umbel-op-{FUSED}" not in names


def test_the_lane_has_queues_for_live_and_bulk_tasks_and_takes_the_messages_of_fused_recipes(recipes: str) -> None:
    template = synthesise("local", recipes=recipes)
    queues = {each["QueueName"] for each in of_type(template, "AWS::SQS::Queue").values()}
    assert {f"umbel-op-{FUSED}", f"umbel-op-{FUSED}-bulk"} <= queues
    filters = [each.get("FilterPolicy", {}) for each in of_type(template, "AWS::SNS::Subscription").values()]
    assert sorted(each["priority"][0] for each in filters if each.get("op") == [FUSED]) == ["bulk", "live"]


def test_the_lane_s_function_has_all_ops_their_assets_and_enough_memory_and_time(recipes: str) -> None:
    function = function_of(synthesise("local", recipes=recipes))
    variables = function["Environment"]["Variables"]
    lane = json.loads(variables["FUSED"])
    assert lane["ops"] == ["info", "thumbnail", "watermark"]
    assert (function["MemorySize"], function["Timeout"]) == (1769 + 128, 20 + 20 + 60)
    assert (lane["compute"]["memory_mb"], lane["compute"]["timeout_seconds"]) == (1897, 100)
    (code,) = BUILD.joinpath("functions").glob(f"op-{FUSED}-local-*/ops/watermark.py")
    assert sorted(path.name for path in code.parent.glob("*.py")) == ["info.py", "thumbnail.py", "watermark.py"]
    assert Path(code.parent.parent, "assets", "logo.png").exists()
    assert variables["MALLOC_TRIM_THRESHOLD_"], "as all lanes with pictures"


def test_the_lane_s_concurrency_can_be_set_while_there_is_the_lane(recipes: str) -> None:
    concurrency = json.dumps({FUSED: 9})
    assert (
        function_of(synthesise("local", recipes=recipes, concurrency=concurrency))["ReservedConcurrentExecutions"] == 9
    )
    with pytest.raises((LaneSettingsError, SettingsError), match=f"there is no op '{FUSED}'"):
        synthesise("local", concurrency=concurrency)
