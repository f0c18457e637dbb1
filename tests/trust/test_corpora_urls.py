"""The check of forbidden URLs notices one that is reached."""

from tests.trust.corpora_urls import broken, outcome


def test_a_url_is_reached_or_refused_by_the_ip_address_of_its_host() -> None:
    assert outcome("http://a.example/", "1.1.1.1") == "reached"
    assert outcome("http://a.example/", "10.0.0.1") == "forbidden_address"
    assert outcome("http://127.0.0.1/", None) == "forbidden_address"
    assert outcome("a.example", None) == "invalid_url"


def test_a_forbidden_url_that_is_reached_and_a_good_one_that_is_refused_are_broken_promises() -> None:
    seen: dict[tuple[str, str | None], str] = {("http://b/", "10.0.0.1"): "reached", ("http://c/", None): "invalid_url"}
    taken = {"http://d/": "invalid_url", "http://e/": "reached", "f.example": "invalid_url"}
    assert broken(seen, taken) == ["'http://b/', names at 10.0.0.1: reached", "'http://d/' is good, but: invalid_url"]
