"""Output parameters, assets and cards, in the deployed workers."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.pipeline.api import ApiClient, open_link

pytestmark = pytest.mark.engine

KEY = "uploads/output/coffee.jpg"
TASKS: dict[str, dict[str, Any]] = {
    "avatar": {"op": "thumbnail", "params": {"width": 256, "height": 256, "fit": "cover", "gravity": "attention"}},
    "capped": {"op": "convert", "params": {"format": "webp", "max_bytes": 15_000}},
    "marked": {"op": "watermark", "params": {"image": "logo.png", "width": 1200, "height": 630}},
    "auto": {"op": "grayscale", "params": {"format": "auto"}},
}
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"text": "a", "format": "png", "quality": 80}, "/quality", "has no effect in png; it has in jpeg, webp and avif."),
    ({"image": "lgo.png"}, "/image", "must be one of logo.png, not 'lgo.png'."),
    ({"image": "logo.png", "text": "a"}, "", "cannot be given together; leave one of them out."),
]


def test_a_result_is_as_its_task_asks(
    api: ApiClient,
    upload: Callable[[str, bytes], None],
    photos: dict[str, bytes],
    done: Callable[..., dict[str, Any]],
) -> None:
    upload(KEY, photos["coffee.jpg"])
    tasks = [*({**task, "input": KEY} for task in TASKS.values()), {"op": "card", "input": "Every op in its own lane"}]
    job_id = api.post("/jobs", {"tasks": tasks}).body["job_id"]
    job = done(job_id)
    assert (job["status"], job["counts"]["completed"]) == ("completed", 5)
    listed = api.get(f"/jobs/{job_id}/tasks").body["tasks"]
    avatar, capped, marked, auto, card = (task["result"] for task in listed)
    assert (avatar["width"], avatar["height"]) == (256, 256)
    assert capped["bytes"] <= 15_000
    assert 1 <= capped["quality"] < 80
    assert (marked["width"], marked["height"], marked["format"]) == (1200, 630, "jpeg")
    assert auto["format"] == "webp"
    assert Image.open(BytesIO(open_link(card["url"]))).size == (1200, 630)


@pytest.mark.parametrize(("params", "path", "sentence"), REFUSED)
def test_a_parameter_that_cannot_have_an_effect_is_refused_with_the_request(
    api: ApiClient, params: dict[str, Any], path: str, sentence: str
) -> None:
    answer = api.post("/jobs", {"tasks": [{"op": "watermark", "input": KEY, "params": params}]})
    error = answer.body["error"]
    assert (answer.status, error["code"], error["path"]) == (400, "invalid_params", f"/tasks/0/params{path}")
    assert sentence in error["message"]
