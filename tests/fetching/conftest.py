"""The web server of the fetching tests."""

from collections.abc import Iterator

import pytest

from tests.fetching.server import Site, serving
from umbel_fetching import fetcher, robots
from umbel_fetching.addresses import Allowed


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Start the server."""
    with serving(Site()) as here:
        yield here


@pytest.fixture(scope="session")
def allowed(site: Site) -> Allowed:
    """Return a setting that lets the tests reach their own server, and nothing else on this machine."""
    return Allowed.parse(site.place)


@pytest.fixture(autouse=True)
def _no_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset the fetcher's policy: a worker that other tests built has set its own for the whole process."""
    monkeypatch.setattr(fetcher, "deployment", fetcher.Policy())
    robots.forget()
