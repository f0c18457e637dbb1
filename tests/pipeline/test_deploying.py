"""An op appears everywhere by being deployed, and disappears by not being deployed any more; work goes on meanwhile."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.api import Api
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import Feed
from umbel import deploy, engine
from umbel.errors import UmbelError
from umbel.paths import ROOT

pytestmark = pytest.mark.engine

LATECOMER = Path(os.environ["UMBEL_HOME"], "ops", "latecomer.py")

NEW = '''"""A probe that comes late and leaves early."""

from umbel_core.op import op


@op(memory_mb=128)
def latecomer(word: str) -> str:
    """Say the word with every second letter large."""
    return "".join(letter.upper() if place % 2 else letter for place, letter in enumerate(word))
'''


def test_an_op_comes_and_goes_by_a_deployment_while_work_goes_on(
    api: Api, deployed: Deployed, feed: Feed, done: Callable[..., dict[str, Any]]
) -> None:
    before = _ops(api)
    LATECOMER.write_text(NEW)
    try:
        job = api.run(*({"op": "slow", "input": f"word {place}", "params": {"seconds": 1}} for place in range(60)))
        deployed.deploy()
        assert done(job)["counts"] == {"total": 60, "completed": 60, "failed": 0, "skipped": 0}
        feed.wait_for(lambda message: _event(message) == ("op_deployed", "latecomer"), "to hear of the new op")
        assert _ops(api) == before | {"latecomer"}
        assert api.get("/stats").body["ops"].keys() == _ops(api)
        job = api.run({"op": "latecomer", "input": "umbel"})
        done(job)
        assert api.tasks(job)[0]["result"] == "uMbEl"
    finally:
        LATECOMER.unlink()
        deployed.deploy()
    feed.wait_for(lambda message: _event(message) == ("op_removed", "latecomer"), "to hear that it is gone")
    assert _ops(api) == before
    refused = api.post("/jobs", {"tasks": [{"op": "latecomer", "input": "umbel"}]})
    assert (refused.status, refused.body["error"]["code"]) == (400, "unknown_op")


def test_a_stack_that_another_checkout_deployed_is_not_replaced(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = deployed.stack.aws
    monkeypatch.setattr(engine, "running", lambda: None)
    deploy._refuse_foreign(cloud)
    monkeypatch.setattr(deploy, "_owner", lambda: "elsewhere:/home/ann/umbel")
    with pytest.raises(UmbelError, match=rf"at {cloud.endpoint} was deployed from .*{ROOT.name}: .* --force"):
        deploy._refuse_foreign(cloud)


def _ops(api: Api) -> set[str]:
    return {op["name"] for op in api.get("/ops").body["ops"]}


def _event(message: dict[str, Any]) -> tuple[str, str] | None:
    event = message.get("event", {})
    return (event.get("kind"), event.get("op")) if message["type"] == "system" else None
