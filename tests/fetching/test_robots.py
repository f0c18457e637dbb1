"""A crawl fetches what the host's `robots.txt` allows, and asks for it once."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fetching.server import Site, serving
from umbel_core.catalogue import load_op
from umbel_core.errors import Transient
from umbel_fetching import fetcher, robots
from umbel_fetching.addresses import Allowed

FETCH = load_op(Path("functions/ops"), "fetch")
RULES = b"""User-agent: *
Disallow: /missing
Disallow: /*good

User-agent: umbel
Disallow: /private
Allow: /private/ok
"""

Crawl = Callable[[str], dict[str, Any]]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with serving(Site()) as site:
        monkeypatch.setattr(fetcher, "deployment", fetcher.Policy(Allowed.parse(site.place)))
        yield site


@pytest.fixture
def crawl(host: Site) -> Crawl:
    return lambda path: FETCH(host.url(path), obey_robots=True)


def test_a_page_that_is_disallowed_is_not_fetched(host: Site, crawl: Crawl) -> None:
    host.files["/robots.txt"] = RULES
    page = crawl("/private/page")
    assert (page["status"], page["error"]) == (0, "robots_disallowed")
    assert host.asked == ["/robots.txt"]


@pytest.mark.parametrize("path", ["/good", "/missing", "/private/ok"])
def test_the_rules_for_our_name_count_and_not_those_for_all(path: str, host: Site, crawl: Crawl) -> None:
    host.files["/robots.txt"] = RULES
    assert crawl(path).get("error") is None


def test_the_rules_for_all_count_for_a_user_agent_without_its_own(
    host: Site, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.files["/robots.txt"] = RULES
    monkeypatch.setattr(fetcher.deployment, "user_agent", "other/1.0 (+https://example.org/)")
    assert crawl("/good")["error"] == "robots_disallowed"
    assert crawl("/private/page").get("error") is None


def test_the_target_of_a_redirect_must_be_allowed(host: Site, crawl: Crawl) -> None:
    host.files["/robots.txt"] = RULES
    assert crawl("/to?/private")["error"] == "robots_disallowed"
    assert host.asked == ["/robots.txt", "/to"]


def test_the_rules_are_fetched_once_for_a_host_also_by_tasks_side_by_side(host: Site, crawl: Crawl) -> None:
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(crawl, ["/good"] * 16))
    assert {page["status"] for page in pages} == {200}
    assert host.asked.count("/robots.txt") == 1


def test_the_rules_are_fetched_again_after_an_hour(host: Site, crawl: Crawl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "_KEPT_SECONDS", -1.0)
    crawl("/good")
    crawl("/good")
    assert host.asked.count("/robots.txt") == 2


def test_a_task_that_does_not_ask_for_it_needs_no_rules(host: Site) -> None:
    host.files["/robots.txt"] = RULES
    assert FETCH(host.url("/private"))["status"] == 404
    assert host.asked == ["/private"]


def test_a_host_without_rules_allows_everything(host: Site, crawl: Crawl) -> None:
    host.moved["/robots.txt"] = "/missing"
    assert crawl("/not-for-robots")["status"] == 200
    robots.forget()
    host.moved["/robots.txt"] = "/empty"
    assert crawl("/good")["status"] == 200


def test_rules_that_cannot_be_fetched_allow_nothing_for_some_seconds(
    host: Site, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.busy["/robots.txt"] = 1
    assert [crawl("/good").get("error") for _ in range(2)] == ["robots_disallowed"] * 2
    robots.forget()
    monkeypatch.setattr(robots, "_ERROR_KEPT_SECONDS", -1.0)
    host.busy["/robots.txt"] = 1
    assert [crawl("/good").get("error") for _ in range(2)] == ["robots_disallowed", None]


def test_tasks_side_by_side_wait_for_silent_rules_together(host: Site) -> None:
    host.moved["/robots.txt"] = "/silent"
    start = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: FETCH(host.url("/good"), seconds=1, obey_robots=True), range(8)))
    assert {page["error"] for page in pages} == {"timed_out"}
    assert time.monotonic() - start < 4


def test_rules_of_a_busy_host_are_fetched_later(host: Site, crawl: Crawl) -> None:
    host.moved["/robots.txt"] = "/busy?429&9"
    with pytest.raises(Transient) as refusal:
        crawl("/good")
    assert (refusal.value.after_seconds, refusal.value.result["error"]) == (9, "host_busy")


def test_rules_that_redirect_for_ever_are_no_rules(host: Site, crawl: Crawl) -> None:
    host.moved["/robots.txt"] = "/loop"
    assert crawl("/good")["status"] == 200


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://nobody.invalid/", "dead_host"),
        ("http://169.254.169.254/latest/meta-data", "forbidden_address"),
        ("http://[::1]/", "forbidden_address"),
    ],
)
def test_the_rules_are_fetched_under_the_policy_of_all_fetches(url: str, error: str) -> None:
    assert FETCH(url, obey_robots=True)["error"] == error


def test_rules_that_redirect_to_a_forbidden_address_are_not_fetched(host: Site, crawl: Crawl) -> None:
    host.moved["/robots.txt"] = "http://169.254.169.254/"
    assert crawl("/good")["error"] == "forbidden_address"


def test_rules_that_never_end_are_read_in_part_and_slow_ones_time_out(host: Site, crawl: Crawl) -> None:
    host.moved["/robots.txt"] = "/endless"
    assert crawl("/good")["status"] == 200
    robots.forget()
    host.moved["/robots.txt"] = "/silent"
    page = FETCH(host.url("/good"), seconds=1, obey_robots=True)
    assert page["error"] == "timed_out"
    assert page["took_ms"] < 3000
