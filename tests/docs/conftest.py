"""A reader of the documents, with the examples and a shell on the tests' deployment."""

import os
from collections.abc import Iterator

import pytest

from tests.docs.reader import Reader, copy_examples
from tests.docs.reading import ROOT
from tests.docs.shell import shell
from tests.fetching.server import Site
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed


@pytest.fixture(scope="module")
def reader(deployed: Deployed, web: Site, api: ApiClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Works in a folder with the examples, which the tests' web server serves; leaves the lanes as they were."""
    folder = tmp_path_factory.mktemp("checkout")
    here = {
        "127.0.0.1:8123": web.place,
        "127.0.0.1:4566": f"127.0.0.1:{deployed.port}",
        "$PWD/.venv": f"{ROOT}/.venv",
    }
    copy_examples(folder / "examples", here)
    web.files |= {f"/{path.name}": path.read_bytes() for path in (ROOT / "examples").iterdir() if path.is_file()}
    before = {op["name"]: op["concurrency"] for op in api.get("/ops").body["ops"]}
    with shell(folder, {**os.environ, "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}"}) as ready:
        yield Reader(ready, here)
    for op in api.get("/ops").body["ops"]:
        if op["concurrency"] != before[op["name"]]:
            api.put(f"/ops/{op['name']}", {"concurrency": before[op["name"]]})
