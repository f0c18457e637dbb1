"""The names under which other machines reach the local engine, and where it then listens."""

import pytest

from umbel import engine, hosts
from umbel.faults import Fault


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("devbox", ("devbox",)),
        (" DevBox, 192.168.1.5 ,", ("devbox", "192.168.1.5")),
        ("localhost:8080,0.0.0.0", ("localhost:8080", "0.0.0.0")),
        ("[fd00::5]:8080", ("[fd00::5]:8080",)),
    ],
)
def test_hosts_are_read_from_one_line(text: str, names: tuple[str, ...]) -> None:
    assert hosts.read(text) == names


@pytest.mark.parametrize(
    "text", ["http://devbox", "devbox/", "*", "dev box", "devbox:", "devbox:port", "fd00::5", "-c"]
)
def test_what_no_browser_calls_a_host_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Fault, match="name it as browsers do, devbox or"):
        hosts.read(text)


@pytest.mark.parametrize(
    ("names", "address"),
    [
        ((), None),
        (("devbox",), "http://devbox:4566"),
        (("devbox:8080", "other"), "http://devbox:8080"),
        (("[fd00::5]",), "http://[fd00::5]:4566"),
        (("0.0.0.0", "localhost"), "http://localhost:4566"),
        (("0.0.0.0",), None),
    ],
)
def test_links_and_the_page_have_the_first_hosts_address(names: tuple[str, ...], address: str | None) -> None:
    assert hosts.public(names, 4566) == address


@pytest.mark.parametrize(
    ("names", "addresses"),
    [
        ((), []),
        (("localhost:8080",), []),
        (("127.0.0.1",), []),
        (("devbox",), ["0.0.0.0"]),
        (("localhost", "0.0.0.0"), ["0.0.0.0"]),
        # An address that only leads here, as that of a container's host.
        (("192.0.2.7",), ["0.0.0.0"]),
        (("127.0.0.1", "devbox:80"), ["0.0.0.0"]),
    ],
)
def test_only_a_host_of_another_machine_opens_more_than_the_loopback(
    names: tuple[str, ...], addresses: list[str]
) -> None:
    assert hosts.listening(names) == addresses


def test_without_a_host_the_engine_is_told_of_the_loopback_alone() -> None:
    told = engine.environment(4580, persist=False)
    assert (told["BIND_HOST"], told["UMBEL_HOSTS"], told["UMBEL_LISTEN"]) == ("127.0.0.1", "", "")


def test_the_gate_is_told_the_names_and_not_the_wildcard() -> None:
    told = engine.environment(4580, persist=False, hosts=("devbox", "0.0.0.0"))
    assert (told["UMBEL_HOSTS"], told["UMBEL_LISTEN"]) == ("devbox", "0.0.0.0")
