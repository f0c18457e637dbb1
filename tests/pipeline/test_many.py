"""A test with 2000 tasks in one job: all results and counts are right, nothing runs twice, memory stays small."""

from pathlib import Path

import psutil
import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.processes import workers
from tests.pipeline.shapes import ENDED
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine

TASKS = 2000


def test_two_thousand_tasks_are_done_once_each(api: ApiClient, deployed: Deployed) -> None:
    words = [f"word {index}" for index in range(TASKS)]
    job = api.run(*({"op": "reverse", "input": word} for word in words))
    wait_for(lambda: api.get(f"/jobs/{job}").body["status"] in ENDED, "the job to end", timeout=180, every=0.5)
    assert api.get(f"/jobs/{job}").body["counts"] == {"total": TASKS, "completed": TASKS, "failed": 0, "skipped": 0}
    tasks = api.tasks(job)
    assert [task["id"] for task in tasks] == [f"{job}.{index}" for index in range(TASKS)]
    assert [task["result"] for task in tasks] == [word[::-1] for word in words]
    # Version 1 is written by the coordinator's plan, version 2 by the worker's commit.
    assert {(task["version"], task["attempts"]) for task in tasks} == {(2, 1)}
    assert not deployed.ledger.dead_letters("reverse")
    assert max(map(_peak_mb, workers("coordinator"))) < 256


def _peak_mb(process: psutil.Process) -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
