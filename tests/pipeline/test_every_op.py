"""Tests that every op can be started by HTTP, by a file and with a picture in the request, and returns its result."""

import base64
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.ops.running import CATALOGUE, PICTURE_OPS, photo, run, some_params
from tests.pipeline.api import ApiClient, open_link
from tests.pipeline.deployment import Deployed
from tests.pipeline.shapes import is_job, is_task
from umbel_core.ledger import JobRecord

pytestmark = pytest.mark.engine

PHOTO = "coffee.jpg"


@pytest.fixture(scope="module")
def key(deployed: Deployed) -> str:
    """Store a picture under a prefix that starts no job; return its key."""
    deployed.client("s3").put_object(Bucket=deployed.stack.uploads_bucket, Key="inputs/coffee.jpg", Body=photo(PHOTO))
    return "inputs/coffee.jpg"


@pytest.fixture
def by_request(api: ApiClient, key: str) -> Callable[[str], str]:
    return lambda op: api.run({"op": op, "input": key, "params": some_params(op)}, name=f"{op} by request")


@pytest.fixture
def by_file(
    upload: Callable[[str, bytes], None], job_for: Callable[[str], JobRecord], key: str
) -> Callable[[str], str]:
    def start(op: str) -> str:
        manifest = {"tasks": [{"op": op, "input": key, "params": some_params(op)}]}
        upload(f"jobs/{op}.json", json.dumps(manifest).encode())
        return job_for(f"jobs/{op}.json").id

    return start


@pytest.fixture
def by_image(api: ApiClient) -> Callable[[str], str]:
    def start(op: str) -> str:
        params = some_params(op)
        sides = {name: params.pop(name) for name in ("width", "height") if name in params}
        picture = {"image_data": base64.b64encode(photo(PHOTO)).decode(), "operation": op}
        answer = api.post("/jobs", {**picture, **sides, "params": params})
        assert (answer.status, answer.body["status"]) == (202, "pending"), answer
        return str(answer.body["job_id"])

    return start


@pytest.mark.parametrize("way_in", ["by_request", "by_file", "by_image"])
@pytest.mark.parametrize("op", PICTURE_OPS)
def test_every_op_can_be_started_in_every_way(
    op: str, way_in: str, request: pytest.FixtureRequest, api: ApiClient, done: Callable[..., dict[str, Any]]
) -> None:
    job = request.getfixturevalue(way_in)(op)
    ended = done(job)
    assert is_job(ended)
    assert (ended["status"], ended["errors"]) == ("completed", [])
    assert ended["counts"] == {"total": 1, "completed": 1, "failed": 0, "skipped": 0}
    (task,) = api.tasks(job)
    assert is_task(task)
    assert (task["op"], task["status"], task["attempts"]) == (op, "completed", 1)
    expected = run(op, photo(PHOTO), **some_params(op))
    if CATALOGUE[op].returns == "value":
        assert task["result"] == expected
        return
    result = task["result"]
    assert (result["format"], result["width"], result["height"]) == (expected.format, expected.width, expected.height)
    made = Image.open(BytesIO(open_link(result["url"])))
    assert (made.format, made.size) == (expected.format.upper(), (expected.width, expected.height))


TEXT_TO_PICTURE = [
    name
    for name, card in CATALOGUE.items()
    if (card.carrier, card.returns) == ("value", "picture") and not some_params(name)
]


@pytest.mark.parametrize("op", TEXT_TO_PICTURE)
def test_an_op_that_draws_a_text_stores_a_picture(op: str, api: ApiClient, done: Callable[..., dict[str, Any]]) -> None:
    task = api.post("/tasks", {"type": op, "payload": "hello"}).body["id"]
    assert done(task)["status"] == "completed"
    result = api.get(f"/tasks/{task}").body["result"]
    here = run(op, "hello")
    assert (result["format"], result["width"], result["height"]) == (here.format, here.width, here.height)
    assert open_link(result["url"]) == here.data
    (variant,) = api.get(f"/jobs/{task}").body["variants"].values()
    assert open_link(variant["url"]) == here.data
