"""The server that all tests of fetching ask, and nobody else."""

from collections.abc import Iterator
from threading import Thread

import pytest

from tests.fetching.server import Site
from umbel_fetching.addresses import Allowed


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The server, under way."""
    with Site() as here:
        thread = Thread(target=here.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield here
        here.closing.set()
        here.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def allowed(site: Site) -> Allowed:
    """A setting that lets the tests reach their own server, and nothing else here."""
    return Allowed.parse(site.place)
