"""Cookies live as long as one fetch, and go where browsers would send them."""

import pytest

from tests.fetching.server import Site, serving
from umbel_core.errors import Rejected
from umbel_fetching.addresses import Allowed
from umbel_fetching.fetcher import fetch


@pytest.mark.parametrize("attributes", ["", "Path=/", "Path=/consent", "Domain=127.0.0.1", "HttpOnly", "Max-Age=60"])
def test_a_consent_page_that_sets_a_cookie_and_redirects_back_lets_the_fetch_pass(
    attributes: str, site: Site, allowed: Allowed
) -> None:
    page = fetch(site.url(f"/consent?{attributes}"), allowed=allowed)
    assert page.body == b"<title>Behind the consent</title>"


@pytest.mark.parametrize("attributes", ["Path=/elsewhere", "Domain=example.org", "Domain=org", "Max-Age=0"])
def test_a_cookie_for_another_path_or_domain_is_not_sent(attributes: str, site: Site, allowed: Allowed) -> None:
    with pytest.raises(Rejected) as refusal:
        fetch(site.url(f"/consent?{attributes}"), allowed=allowed)
    assert refusal.value.code == "redirect_loop"


def test_a_cookie_is_not_sent_to_another_host(site: Site) -> None:
    with serving(Site()) as other:
        allowed = Allowed.parse(f"{site.place}, {other.place}")
        elsewhere = other.url("/cookies", "localhost")
        assert fetch(site.url(f"/set-and-go?{elsewhere}"), allowed=allowed).body == b""
        assert fetch(site.url("/set-and-go?/cookies"), allowed=allowed).body == b"seen=yes"


def test_the_next_fetch_knows_no_cookie_of_the_one_before(site: Site, allowed: Allowed) -> None:
    fetch(site.url("/consent"), allowed=allowed)
    assert fetch(site.url("/cookies"), allowed=allowed).body == b""
