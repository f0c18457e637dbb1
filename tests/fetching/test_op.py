"""The op returns one page for every URL."""

from pathlib import Path
from typing import Any

import pytest

from tests.fetching.server import Site
from umbel_core.catalogue import load_op
from umbel_core.op import describe
from umbel_fetching import fetcher
from umbel_fetching.addresses import Allowed

FETCH = load_op(Path("functions/ops"), "fetch")


@pytest.fixture(autouse=True)
def _policy(allowed: Allowed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "deployment", fetcher.Policy(allowed))


def without_time(page: dict[str, Any]) -> dict[str, Any]:
    """Return a page without its duration, which is checked to be plausible."""
    assert 0 <= page.pop("took_ms") < 11_000
    return page


@pytest.mark.parametrize(
    ("path", "status", "title", "size"),
    [
        ("/good", 200, "A good page", 52),
        ("/missing", 404, "Not here", 23),
        ("/binary", 200, None, 25_600),
        ("/empty", 200, None, 0),
        ("/endless", 200, None, 262_144),
        ("/bomb", 200, None, 262_144),
        ("/down?3", 200, "A good page", 52),
    ],
)
def test_a_page_is_told_under_the_address_that_was_asked_for(
    path: str, status: int, title: str | None, size: int, site: Site
) -> None:
    url = site.url(path)
    assert without_time(FETCH(url)) == {"url": url, "status": status, "title": title, "bytes": size}


@pytest.mark.parametrize(
    ("path", "error"),
    [("/loop", "redirect_loop"), ("/drip", "timed_out"), ("/gone", "bad_answer"), ("/endless-headers", "too_large")],
)
def test_a_page_that_cannot_be_had_is_a_page_too(path: str, error: str, site: Site) -> None:
    url = site.url(path)
    page = without_time(FETCH(url, seconds=1))
    assert page == {"url": url, "status": 0, "title": None, "bytes": 0, "error": error}


def test_a_dead_host_is_a_page_too() -> None:
    assert FETCH("http://nobody.invalid/")["error"] == "dead_host"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://", "invalid_url"),
        ("http://127.0.0.1/", "forbidden_address"),
        ("http://169.254.169.254/", "forbidden_address"),
        ("http://me@nobody.invalid/", "invalid_url"),
    ],
)
def test_an_address_that_may_not_be_asked_for_is_a_page_that_says_so(url: str, error: str) -> None:
    assert without_time(FETCH(url)) == {"url": url, "status": 0, "title": None, "bytes": 0, "error": error}


def test_the_longest_fetch_ends_before_its_lambda() -> None:
    card = describe(FETCH)
    assert card.takes == "url"
    # The worker begins a task when at least half of the time is left.
    assert card.params["properties"]["seconds"]["maximum"] + 4 <= card.compute.timeout_seconds / 2
