"""One deployment for all tests that need one: the real template on the real engine, from nothing, and away again."""

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

# The same examples in every run, so that no test fails by chance; `--hypothesis-profile=thorough` tries new ones.
settings.register_profile("fixed", derandomize=True, database=None)
settings.register_profile("thorough", max_examples=1000)
settings.load_profile("fixed")

# Before anything imports `umbel`: no test touches the Umbel that whoever runs them has up. With UMBEL_TEST_HOME the
# deployment stays there for the next run; tests/README.md says how to use that.
KEPT = os.environ.get("UMBEL_TEST_HOME")
os.environ["UMBEL_HOME"] = KEPT or tempfile.mkdtemp(prefix="umbel-tests-")
for _name in ("AWS_ENDPOINT_URL", "LOCALSTACK_HOST", "UMBEL_TARGET", "UMBEL_HOST", "UMBEL_PERSIST", "UMBEL_TOKEN"):
    os.environ.pop(_name, None)

from tests.fetching.server import Site, serving  # noqa: E402
from tests.pipeline.api import Api  # noqa: E402
from tests.pipeline.deployment import Deployed, deployment  # noqa: E402
from tests.pipeline.feed import Feed  # noqa: E402
from tests.pipeline.shapes import ENDED  # noqa: E402
from tests.pipeline.waiting import wait_for  # noqa: E402
from umbel_core.clock import now  # noqa: E402
from umbel_core.ledger import Job  # noqa: E402

BEGUN = now()
"""A kept deployment has jobs of earlier runs."""


def pytest_unconfigure() -> None:
    if not KEPT:
        shutil.rmtree(os.environ["UMBEL_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def web() -> Iterator[Site]:
    """A web server on this machine, the only private address that the deployment may fetch from."""
    # A deployment that is kept goes on allowing the port that it was made with.
    note = Path(os.environ["UMBEL_HOME"], "web.port")
    with serving(Site(int(note.read_text()) if note.exists() else 0)) as site:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(str(site.server_port))
        yield site


@pytest.fixture(scope="session")
def deployed(web: Site) -> Iterator[Deployed]:
    """The stack, with the probes of tests/pipeline/probes among its ops."""
    ops = Path(os.environ["UMBEL_HOME"], "ops")
    with deployment(ops, allowed=web.place, keep=KEPT is not None) as here:
        yield here


@pytest.fixture(scope="session")
def api(deployed: Deployed) -> Api:
    """The HTTP API, with an operator's token."""
    return Api(deployed.stack.api, deployed.token("operator"))


@pytest.fixture(scope="session")
def viewer(deployed: Deployed) -> Api:
    """The HTTP API, with a viewer's token."""
    return Api(deployed.stack.api, deployed.token("viewer"))


@pytest.fixture
def feed(deployed: Deployed, api: Api) -> Iterator[Feed]:
    """A socket that listens to every job."""
    with closing(Feed(deployed.stack.socket, api.token)) as listening:
        yield listening


@pytest.fixture(scope="session")
def upload(deployed: Deployed) -> Callable[[str, bytes], None]:
    """Copy bytes into the uploads bucket as `aws s3 cp` does, with LocalStack's client, which knows nothing of us."""
    return partial(_put, deployed)


@pytest.fixture(scope="session")
def job_for(deployed: Deployed) -> Callable[..., Job]:
    """The job that an object of the uploads bucket started, when it has ended."""
    return partial(_job_of, deployed)


def _put(deployed: Deployed, key: str, data: bytes) -> None:
    deployed.outsider.put_object(Bucket=deployed.stack.uploads_bucket, Key=key, Body=data)


def _job_of(deployed: Deployed, key: str, among: int = 60) -> Job:
    def found() -> Job | None:
        jobs, _ = deployed.ledger.jobs(among, None)
        return next((job for job in jobs if job.source == key and job.ended and job.created_at > BEGUN), None)

    return wait_for(found, f"the job of {key!r} to end")


@pytest.fixture(scope="session")
def done(api: Api) -> Callable[..., dict[str, Any]]:
    """A job by its id, when it has ended, or has come to the status asked for."""

    def found(job: str, statuses: tuple[str, ...]) -> dict[str, Any] | None:
        known: dict[str, Any] = api.get(f"/jobs/{job}").body
        return known if known["status"] in statuses else None

    return lambda job, *statuses: wait_for(
        lambda: found(job, statuses or ENDED), f"job {job} to be {' or '.join(statuses or ENDED)}"
    )


@pytest.fixture(scope="session")
def photos() -> dict[str, bytes]:
    """The real photos, by file name."""
    folder = Path(__file__).parent / "pictures"
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".jpg", ".png")}
