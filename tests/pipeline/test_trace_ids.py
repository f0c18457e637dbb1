"""One trace id is in the logs of all functions that work on a job."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import SocketClient
from tests.pipeline.logs import log_lines
from tests.pipeline.waiting import wait_for
from umbel_core.ledger import JobRecord

pytestmark = pytest.mark.engine


def _logged(deployed: Deployed, job_id: str, *functions: str) -> list[dict[str, Any]]:
    """Return the lines about a job, once each of these functions has written one."""

    def lines() -> list[dict[str, Any]]:
        found = list(log_lines(deployed, job_id))
        groups = {line.group.removeprefix("/aws/lambda/umbel-") for line in found}
        return [json.loads(line.text) for line in found] if groups >= set(functions) else []

    return wait_for(lines, f"lines about {job_id} of {', '.join(functions)}")


def test_all_functions_log_an_upload_with_one_trace_id(
    deployed: Deployed,
    feed: SocketClient,
    upload: Callable[[str, bytes], None],
    job_for: Callable[..., JobRecord],
    photos: dict[str, bytes],
) -> None:
    upload("uploads/traced.jpg", photos["coffee.jpg"])
    job = job_for("uploads/traced.jpg")
    feed.wait_until_ended(job.id)
    lanes = [f"op-{op}" for op in ("thumbnail", "grayscale", "blur", "rotate90")]
    lines = _logged(deployed, job.id, "coordinator", *lanes, "relay")
    assert {(line["job_id"], line["trace_id"]) for line in lines} == {(job.id, job.trace_id)}


def test_the_trace_id_of_a_request_reaches_the_worker_and_the_relay(deployed: Deployed, api: ApiClient) -> None:
    job_id = api.run({"op": "upper", "input": "traced"})
    lines = _logged(deployed, job_id, "api", "coordinator", "op-upper", "relay")
    assert {line["job_id"] for line in lines} == {job_id}
    assert len({line["trace_id"] for line in lines}) == 1
