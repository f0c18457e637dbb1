"""A job of two thousand tasks: every answer right, every count exact, nothing done twice, in little memory."""

from pathlib import Path

import psutil
import pytest

from tests.pipeline.api import Api
from tests.pipeline.deployment import Deployed
from tests.pipeline.processes import workers
from tests.pipeline.shapes import ENDED
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine

TASKS = 2000


def test_two_thousand_tasks_are_done_once_each(api: Api, deployed: Deployed) -> None:
    words = [f"word {place}" for place in range(TASKS)]
    job = api.run(*({"op": "reverse", "input": word} for word in words))
    wait_for(lambda: api.get(f"/jobs/{job}").body["status"] in ENDED, "the job to end", timeout=180, every=0.5)
    assert api.get(f"/jobs/{job}").body["counts"] == {"total": TASKS, "completed": TASKS, "failed": 0, "skipped": 0}
    tasks = api.tasks(job)
    assert [task["id"] for task in tasks] == [f"{job}.{place}" for place in range(TASKS)]
    assert [task["result"] for task in tasks] == [word[::-1] for word in words]
    # The first version is the plan's, the second the commit's.
    assert {(task["version"], task["attempts"]) for task in tasks} == {(2, 1)}
    assert not deployed.ledger.dead_letters("reverse")
    assert max(map(_most_mb, workers("coordinator"))) < 256


def _most_mb(process: psutil.Process) -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
