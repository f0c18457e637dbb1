"""Each function takes the event that warms it, and is then ready."""

import pytest

from tests.pipeline import processes
from tests.pipeline.deployment import Deployed
from tests.pipeline.waiting import wait_for
from umbel import warming
from umbel.stack import STACK

pytestmark = pytest.mark.engine


def test_every_function_runs_before_its_first_event(deployed: Deployed) -> None:
    calls = warming.calls(deployed.functions(), [])
    wanted = {name.removeprefix(f"{STACK}-") for name, _ in calls}
    assert {"api", "coordinator", "relay", "op-thumbnail"} <= wanted
    warming.start(deployed.stack)
    # The engine ends the process of a function that raises an error.
    wait_for(lambda: wanted <= processes.by_function().keys(), "a process of each function", timeout=120)
