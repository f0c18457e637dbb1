"""A host that is busy is called again when it asks for it, if that is within a minute."""

import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.fetching.server import Site
from umbel_core.catalogue import load_op
from umbel_core.errors import Rejected, Transient
from umbel_core.settings import Limits
from umbel_fetching import fetcher
from umbel_fetching.addresses import Allowed
from umbel_fetching.busy import seconds_until
from umbel_fetching.fetcher import fetch
from worker.web import Web

FETCH = load_op(Path("functions/ops"), "fetch")


@pytest.fixture
def web(site: Site, monkeypatch: pytest.MonkeyPatch) -> Web:
    monkeypatch.setattr(fetcher, "deployment", fetcher.deployment)
    trusting: Any = fetcher.Trusting()
    unpaced: Any = fetcher.Unpaced()
    return Web(Limits(allowed_addresses=site.place), trusting, unpaced)


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), (" 30 ", 30), ("3600", 3600), ("9" * 4000, 10**9)])
def test_the_time_may_be_given_in_seconds(value: str, seconds: int) -> None:
    assert seconds_until(value) == seconds


def test_the_time_may_be_given_as_a_date() -> None:
    assert seconds_until(formatdate(time.time() + 50, usegmt=True)) in (49, 50, 51)
    assert seconds_until("Sun, 06 Nov 1994 08:49:37 GMT") == 0
    assert seconds_until("Sunday, 06-Nov-94 08:49:37 GMT") == 0
    assert seconds_until("Fri, 31 Dec 9999 23:59:59 GMT") == 10**9


@pytest.mark.parametrize(
    "value", ["", "soon", "-1", "1.5", "²", "\u0663", "Sun, 99 Nov 1994", "Sun, 06 Nov 1994 99:99:99 GMT", "\0"]
)
def test_any_other_value_is_ignored(value: str) -> None:
    assert seconds_until(value) is None


@pytest.mark.parametrize(
    ("query", "seconds"), [("429&7", 7), ("503&7", 7), ("429", None), ("200&7", None), ("404&7", None)]
)
def test_only_a_busy_host_is_called_again(query: str, seconds: int | None, site: Site, allowed: Allowed) -> None:
    assert fetch(site.url(f"/busy?{query}"), allowed=allowed).retry_after == seconds


def test_the_header_of_a_redirect_does_not_count(site: Site, allowed: Allowed) -> None:
    assert fetch(site.url("/to?/busy?503"), allowed=allowed).retry_after is None
    assert fetch(site.url("/to?/busy?503&5"), allowed=allowed).retry_after == 5


@pytest.mark.parametrize(
    ("query", "kind", "after"),
    [
        ("429", Transient, None),
        ("429&30", Transient, 30),
        ("503&60", Transient, 60),
        ("503&61", Rejected, None),
        ("429&soon", Transient, None),
    ],
)
def test_a_picture_of_a_busy_host_waits_as_long_as_the_host_asks_for_up_to_a_minute(
    query: str, kind: type[Rejected], after: int | None, web: Web, site: Site
) -> None:
    with pytest.raises(Rejected) as refusal:
        web.file(site.url(f"/busy?{query}"), 5)
    error = refusal.value
    assert (type(error), error.code, getattr(error, "after_seconds", None)) == (kind, "host_busy", after)


@pytest.fixture
def page_of(site: Site, allowed: Allowed, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    monkeypatch.setattr(fetcher, "deployment", fetcher.Policy(allowed))
    return lambda path: FETCH(site.url(path))


def test_a_page_of_a_busy_host_waits_and_its_last_answer_is_the_page(
    page_of: Callable[[str], dict[str, Any]],
) -> None:
    with pytest.raises(Transient) as refusal:
        page_of(f"/busy?429&{quote(formatdate(time.time() + 20, usegmt=True))}")
    assert refusal.value.after_seconds in (19, 20, 21)
    assert (refusal.value.code, refusal.value.result["status"], refusal.value.result["title"]) == (
        *("host_busy", 429),
        "Later",
    )


@pytest.mark.parametrize("query", ["429", "503", "429&61", "503&soon"])
def test_a_page_whose_host_does_not_ask_for_a_second_call_soon_is_final(
    query: str, page_of: Callable[[str], dict[str, Any]]
) -> None:
    assert page_of(f"/busy?{query}")["status"] == int(query[:3])


def test_a_host_that_says_when_it_can_answer_is_not_a_failing_host(
    site: Site, allowed: Allowed, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[str] = []
    circuits = fetcher.Trusting()
    monkeypatch.setattr(circuits, "failed", failed.append)
    monkeypatch.setattr(fetcher, "deployment", fetcher.Policy(allowed, circuits))
    fetch(site.url("/busy?503&5"))
    assert not failed
    fetch(site.url("/busy?503"))
    assert failed == [site.place]
