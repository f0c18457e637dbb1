"""The server that all tests of fetching ask, and nobody else."""

from collections.abc import Iterator

import pytest

from tests.fetching.server import Site, serving
from umbel_fetching.addresses import Allowed


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The server, under way."""
    with serving(Site()) as here:
        yield here


@pytest.fixture(scope="session")
def allowed(site: Site) -> Allowed:
    """A setting that lets the tests reach their own server, and nothing else here."""
    return Allowed.parse(site.place)
