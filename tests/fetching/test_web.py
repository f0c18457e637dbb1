"""Which errors of a picture's host are transient, and which are final."""

import socket
from typing import Any

import pytest

from tests.fetching.server import Site
from umbel_core.errors import Rejected, Transient
from umbel_core.settings import Limits
from umbel_fetching import fetcher
from worker.web import Web


@pytest.fixture
def web(site: Site, monkeypatch: pytest.MonkeyPatch) -> Web:
    monkeypatch.setattr(fetcher, "deployment", fetcher.deployment)
    trusting: Any = fetcher.Trusting()
    unpaced: Any = fetcher.Unpaced()
    return Web(Limits(allowed_addresses=site.place), trusting, unpaced)


@pytest.mark.parametrize(
    ("path", "code"),
    [("/broken", "no_such_picture"), ("/silent", "timed_out"), ("/gone", "bad_answer"), ("/cut-short", "bad_answer")],
)
def test_a_host_that_is_not_well_may_be_so_again(path: str, code: str, web: Web, site: Site) -> None:
    with pytest.raises(Transient) as refusal:
        web.file(site.url(path), 0.5)
    assert refusal.value.code == code


def test_a_host_that_takes_no_connections_may_do_so_again(
    web: Web, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", _refusing)
    with pytest.raises(Transient, match="dead_host"):
        web.file(site.url("/good"), 5)


def _refusing(*_: Any) -> Any:
    raise OSError


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/missing", "no_such_picture"),
        ("/nothing", "no_such_picture"),
        ("/empty", "empty_file"),
        ("/loop", "redirect_loop"),
        ("/endless-headers", "too_large"),
    ],
)
def test_what_the_host_means_is_final(path: str, code: str, web: Web, site: Site) -> None:
    with pytest.raises(Rejected) as refusal:
        web.file(site.url(path), 5)
    assert (type(refusal.value), refusal.value.code) == (Rejected, code)


def test_hosts_are_told_who_fetches(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "deployment", fetcher.deployment)
    trusting: Any = fetcher.Trusting()
    unpaced: Any = fetcher.Unpaced()
    named = "crawler/1.0 (+https://example.org/crawler)"
    assert (
        Web(Limits(allowed_addresses=site.place), trusting, unpaced)
        .file(site.url("/user-agent"), 5)
        .startswith(b"Mozilla/5.0 (compatible; umbel")
    )
    limits = Limits(allowed_addresses=site.place, user_agent=named)
    assert Web(limits, trusting, unpaced).file(site.url("/user-agent"), 5) == named.encode()


def test_a_host_that_is_left_alone_is_not_asked_again(web: Web, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave_alone(host: str) -> None:
        raise Rejected("circuit_open", f"{host} is left alone.")

    monkeypatch.setattr(fetcher.Trusting, "check", staticmethod(leave_alone))
    with pytest.raises(Rejected) as refusal:
        web.file(site.url("/good"), 5)
    assert (type(refusal.value), refusal.value.code) == (Rejected, "circuit_open")
