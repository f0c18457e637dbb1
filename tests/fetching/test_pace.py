"""A crawl with a delay pauses between two requests to a host, also between the redirects of one fetch."""

import time
from pathlib import Path

import pytest

from tests.fetching.server import Site
from umbel_core.catalogue import load_op
from umbel_core.errors import Postponed
from umbel_fetching import fetcher
from umbel_fetching.addresses import Allowed

FETCH = load_op(Path("functions/ops"), "fetch")


class Pace:
    """Answers with these waits in turn."""

    def __init__(self, *waits: float) -> None:
        self.waits = list(waits)
        self.claims: list[tuple[str, float]] = []

    def claim(self, host: str, delay: float) -> float:
        self.claims.append((host, delay))
        return self.waits.pop(0)


@pytest.fixture
def deployed(allowed: Allowed, monkeypatch: pytest.MonkeyPatch) -> fetcher.Policy:
    policy = fetcher.Policy(allowed)
    monkeypatch.setattr(fetcher, "deployment", policy)
    return policy


def test_a_short_pause_is_waited_for(site: Site, deployed: fetcher.Policy) -> None:
    deployed.pace = pace = Pace(0, 0.3)
    start = time.monotonic()
    assert FETCH(site.url("/to?/good"), delay_seconds=2)["title"] == "A good page"
    assert time.monotonic() - start >= 0.3
    assert pace.claims == [(site.place, 2)] * 2


def test_a_long_pause_is_left_to_the_message(site: Site, deployed: fetcher.Policy) -> None:
    deployed.pace = Pace(1.2)
    asked = len(site.asked)
    with pytest.raises(Postponed) as postponed:
        FETCH(site.url("/good"), delay_seconds=5)
    assert postponed.value.after_seconds == 2
    assert len(site.asked) == asked


def test_without_a_delay_no_pause_is_kept(site: Site, deployed: fetcher.Policy) -> None:
    deployed.pace = pace = Pace()
    assert FETCH(site.url("/good"))["status"] == 200
    assert not pace.claims
