"""Tests that a deployment adds and removes ops while jobs run, and does not replace a foreign stack."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import SocketClient
from umbel import deploy, engine
from umbel.errors import UmbelError
from umbel.paths import ROOT
from umbel_core.fused_lane import FUSED

pytestmark = pytest.mark.engine

NEW_OP = Path(os.environ["UMBEL_HOME"], "ops", "latecomer.py")

SOURCE = '''"""A test op that is deployed and removed during a test."""

from umbel_core.op import op


@op(memory_mb=128)
def latecomer(word: str) -> str:
    """Return the word with every second letter in upper case."""
    return "".join(letter.upper() if index % 2 else letter for index, letter in enumerate(word))
'''


def test_a_deployment_adds_and_removes_an_op_without_disturbing_running_jobs(
    api: ApiClient, deployed: Deployed, feed: SocketClient, done: Callable[..., dict[str, Any]]
) -> None:
    before = _ops(api)
    NEW_OP.write_text(SOURCE)
    try:
        job = api.run(*({"op": "slow", "input": f"word {index}", "params": {"seconds": 1}} for index in range(60)))
        deployed.deploy()
        assert done(job)["counts"] == {"total": 60, "completed": 60, "failed": 0, "skipped": 0}
        feed.wait_for(lambda message: _event(message) == ("op_deployed", "latecomer"), "the event of the new op")
        assert _ops(api) == before | {"latecomer"}
        assert api.get("/stats").body["ops"].keys() == _ops(api) | {FUSED}
        job = api.run({"op": "latecomer", "input": "umbel"})
        done(job)
        assert api.tasks(job)[0]["result"] == "uMbEl"
        # Its function is updated, and the rest of its lane is not.
        NEW_OP.write_text(SOURCE.replace("if index % 2", "if not index % 2"))
        deployed.deploy()
        job = api.run({"op": "latecomer", "input": "umbel"})
        done(job)
        assert api.tasks(job)[0]["result"] == "UmBeL"
    finally:
        NEW_OP.unlink()
        deployed.deploy()
    feed.wait_for(lambda message: _event(message) == ("op_removed", "latecomer"), "the event that it was removed")
    assert _ops(api) == before
    refused = api.post("/jobs", {"tasks": [{"op": "latecomer", "input": "umbel"}]})
    assert (refused.status, refused.body["error"]["code"]) == (400, "unknown_op")


def test_a_stack_that_another_checkout_deployed_is_not_replaced(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = deployed.stack.aws
    monkeypatch.setattr(engine, "running", lambda: None)
    deploy._refuse_foreign(aws)
    monkeypatch.setattr(deploy, "_owner", lambda: "elsewhere:/home/ann/umbel")
    with pytest.raises(UmbelError, match=rf"at {aws.endpoint} was deployed from .*{ROOT.name}: .* --force"):
        deploy._refuse_foreign(aws)


def _ops(api: ApiClient) -> set[str]:
    return {op["name"] for op in api.get("/ops").body["ops"]}


def _event(message: dict[str, Any]) -> tuple[str, str] | None:
    event = message.get("event", {})
    return (event.get("kind"), event.get("op")) if message["type"] == "system" else None
