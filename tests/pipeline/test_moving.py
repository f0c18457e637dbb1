"""Animations, and the warnings of results, in the deployed workers, by the API, the client and the command line."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from tests.pictures.moving import moving, times
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from umbel import Client, ResultFile
from umbel.commands.submit import run

pytestmark = pytest.mark.engine

KEY = "uploads/moving/ball.gif"
DROPPED = {"code": "frames_dropped", "message": "4 of 5 frames were dropped: JPEG does not move."}


@pytest.fixture(scope="module")
def here(deployed: Deployed) -> Iterator[Client]:
    """The client that a program in the checkout gets."""
    with Client() as client:
        yield client


def test_a_job_says_what_its_results_lack(
    api: ApiClient, upload: Callable[[str, bytes], None], done: Callable[..., dict[str, Any]]
) -> None:
    upload(KEY, moving("gif"))
    tasks: list[dict[str, Any]] = [
        {"op": "info"},
        {"op": "thumbnail"},
        {"op": "thumbnail", "params": {"format": "jpeg"}},
    ]
    job_id = api.post("/jobs", {"tasks": [{**task, "input": KEY} for task in tasks]}).body["job_id"]
    variants = done(job_id)["variants"]
    info, moves, still = (task["result"] for task in api.get(f"/jobs/{job_id}/tasks").body["tasks"])
    assert (info["frames"], info["loops"], "warnings" in info) == (5, 3, False)
    assert (moves["frames"], moves["warnings"], "frames_dropped" in moves) == (5, [], False)
    assert (still["frames"], still["warnings"], still["frames_dropped"]) == (1, [DROPPED], 4)
    assert [DROPPED] in [variant["warnings"] for variant in variants.values()]


def test_the_client_has_the_frames_and_the_warnings_of_a_file(here: Client) -> None:
    made = here.run("rotate90", moving("png"), format="webp")
    assert isinstance(made, ResultFile)
    assert (made.frames, made.warnings, len(times(made.read()))) == (5, [], 5)
    still = here.run("rotate90", moving("png"), animated=False)
    assert isinstance(still, ResultFile)
    assert (still.frames, [warning.code for warning in still.warnings]) == (1, ["frames_dropped"])
    assert not getattr(Image.open(BytesIO(still.read())), "is_animated", False)


@pytest.mark.usefixtures("deployed")
def test_the_command_line_prints_each_warning_on_a_line(tmp_path: Path) -> None:
    path = tmp_path / "ball.gif"
    path.write_bytes(moving("gif"))
    ran = CliRunner().invoke(run, ["blur", str(path), "-p", "format=jpeg"])
    assert ran.exit_code == 0
    assert f"! blur: {DROPPED['message']}" in ran.stderr
