"""Deploy the real template to the real engine once, for all tests that need a deployment, and delete it at the end."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The same examples in every run and no deadline, so that no test fails by chance or because the machine is busy.
# `--hypothesis-profile=thorough` tries new examples.
settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile("fixed")

# Before anything imports `umbel`, so that no test touches the Umbel that the user runs. With UMBEL_TEST_HOME the
# deployment is kept for the next run; tests/README.md says how to use that.
KEPT = os.environ.get("UMBEL_TEST_HOME")
os.environ["UMBEL_HOME"] = KEPT or tempfile.mkdtemp(prefix="umbel-tests-")
for _name in (
    "AWS_ENDPOINT_URL",
    "LOCALSTACK_HOST",
    "UMBEL_HOST",
    "UMBEL_PERSIST",
    "UMBEL_STACK",
    "UMBEL_TARGET",
    "UMBEL_TOKEN",
):
    os.environ.pop(_name, None)

from tests.fetching.server import Site, serving  # noqa: E402
from tests.pipeline.api import ApiClient  # noqa: E402
from tests.pipeline.deployment import Deployed, deployment  # noqa: E402
from tests.pipeline.feed import SocketClient  # noqa: E402
from tests.pipeline.shapes import ENDED  # noqa: E402
from tests.pipeline.waiting import wait_for  # noqa: E402
from umbel_core.clock import now  # noqa: E402
from umbel_core.ledger import JobRecord  # noqa: E402

BEGUN = now()
"""The start of this run: a kept deployment has jobs of earlier runs."""


def pytest_unconfigure() -> None:
    if not KEPT:
        shutil.rmtree(os.environ["UMBEL_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def web() -> Iterator[Site]:
    """Run a web server on this machine, the only private address that the deployment may fetch from."""
    # A kept deployment allows only the port that it was deployed with.
    note = Path(os.environ["UMBEL_HOME"], "web.port")
    with serving(Site(int(note.read_text()) if note.exists() else 0)) as site:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(str(site.server_port))
        yield site


@pytest.fixture(scope="session")
def deployed(web: Site) -> Iterator[Deployed]:
    """Deploy the stack, with the test ops of tests/pipeline/probes among its ops."""
    ops = Path(os.environ["UMBEL_HOME"], "ops")
    with deployment(ops, allowed=web.place, keep_running=KEPT is not None) as deployed_stack:
        yield deployed_stack


@pytest.fixture(scope="session")
def api(deployed: Deployed) -> ApiClient:
    """Return a client of the HTTP API with an operator's token."""
    return ApiClient(deployed.stack.api, deployed.token("operator"))


@pytest.fixture(scope="session")
def viewer(deployed: Deployed) -> ApiClient:
    """Return a client of the HTTP API with a viewer's token."""
    return ApiClient(deployed.stack.api, deployed.token("viewer"))


@pytest.fixture
def feed(deployed: Deployed, api: ApiClient) -> Iterator[SocketClient]:
    """Connect a socket that is subscribed to all jobs."""
    with closing(SocketClient(deployed.stack.socket, api.token)) as client:
        yield client


@pytest.fixture(scope="session")
def upload(deployed: Deployed) -> Callable[[str, bytes], None]:
    """Return a function that puts bytes into the uploads bucket, with LocalStack's client."""
    return partial(_put, deployed)


@pytest.fixture(scope="session")
def job_for(deployed: Deployed) -> Callable[..., JobRecord]:
    """Return a function that waits until the job that an object of the uploads bucket started has ended."""
    return partial(_wait_for_job, deployed)


def _put(deployed: Deployed, key: str, data: bytes) -> None:
    deployed.localstack_s3.put_object(Bucket=deployed.stack.uploads_bucket, Key=key, Body=data)


def _wait_for_job(deployed: Deployed, key: str, among: int = 60) -> JobRecord:
    def found() -> JobRecord | None:
        jobs, _ = deployed.ledger.jobs(among, None)
        return next((job for job in jobs if job.source == key and job.ended and job.created_at > BEGUN), None)

    return wait_for(found, f"the job of {key!r} to end")


@pytest.fixture(scope="session")
def done(api: ApiClient) -> Callable[..., dict[str, Any]]:
    """Return a function that waits until a job has ended, or has one of the given statuses, and returns it."""

    def found(job: str, statuses: tuple[str, ...]) -> dict[str, Any] | None:
        known: dict[str, Any] = api.get(f"/jobs/{job}").body
        return known if known["status"] in statuses else None

    return lambda job, *statuses: wait_for(
        lambda: found(job, statuses or ENDED), f"job {job} to be {' or '.join(statuses or ENDED)}"
    )


@pytest.fixture(scope="session")
def photos() -> dict[str, bytes]:
    """Return file name -> content of the real photos."""
    folder = Path(__file__).parent / "pictures"
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".jpg", ".png")}
