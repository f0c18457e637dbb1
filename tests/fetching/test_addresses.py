"""No spelling, name or redirect leads to an IP address outside the public internet."""

import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pycurl  # type: ignore[import-untyped]  # it has types, but does not say so
import pytest

from tests.fetching.server import Site
from umbel_core.errors import Rejected
from umbel_fetching import fetcher
from umbel_fetching.addresses import Allowed, is_public
from umbel_fetching.fetcher import fetch

HERE = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7F.1",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0x1",
    "127.8.8.8",
    "0.0.0.0",
    "0",
    "localhost",
    "LOCALHOST",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::127.0.0.1]",
    "[2002:7f00:1::]",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "\uff11\uff12\uff17.0.0.1",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
]
"""Hosts of URLs that lead to the test server's machine, in usual and unusual spellings."""

PRIVATE = [
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.53",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:169.254.169.254",
    "::ffff:0:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "100::1",
    "2001::1",
    "2001:0:a9fe:a9fe::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "100.63.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255", "2606:4700::1", "2a00::1"]

NOT_FOR_US = [
    "",
    "example.com",
    "//example.com/",
    "http:",
    "http://",
    "http:///path",
    "http://:80/",
    "http://?query",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:25/_HELO",
    "dict://127.0.0.1/",
    "data:text/html,hello",
    "javascript:alert(1)",
    "http+unix://%2fvar%2frun%2fdocker.sock/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1:80@example.com/",
    "http://user:secret@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http:\\\\127.0.0.1/",
    "http://127.0.0.1\r\nHost: example.com/",
    "http://127.0.0.1\t/",
    "http://127.0.0.1\0.example.com/",
    " http://127.0.0.1/",
    "http://127.0.0.1/\n",
    "http://127.0.0.1 /",
    "http://127.0.0.1:0x50/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-1/",
    "http://[127.0.0.1]/",
    "http://[::1/",
    "http://[v1.x]/",
    "http://127.0.0.1\uff0fx.invalid/",
    "http://\ud800.invalid/",
    "http://" + "a" * 300 + ".ä.invalid/",
    "http://example.com/" + "a" * 2048,
]


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Every socket that a fetch wants; it gets none, so that no test reaches anything."""
    wanted: list[Any] = []

    def refuse(*of: Any) -> Any:
        wanted.append(of)
        raise OSError("a test wants no socket")

    monkeypatch.setattr(socket, "socket", refuse)
    yield wanted
    assert not wanted


@pytest.mark.parametrize("host", HERE)
def test_no_spelling_of_this_machine_reaches_it(host: str, site: Site, sockets: list[Any]) -> None:
    seen = len(site.asked)
    with pytest.raises(Rejected) as refusal:
        fetch(site.url("/good", host))
    assert refusal.value.code in ("forbidden_address", "invalid_url", "dead_host")
    assert refusal.value.sentence.endswith(".")
    assert len(site.asked) == seen


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_gets_no_socket(address: str, sockets: list[Any]) -> None:
    assert not is_public(ip_address(address))
    assert not Allowed().permits(address, 80)
    host = f"[{address.replace('%', '%25')}]" if ":" in address else address
    with pytest.raises(Rejected) as refusal:
        fetch(f"http://{host}/")
    assert refusal.value.code == "forbidden_address" or ":" in address  # a machine may have no IPv6 at all


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached_on_the_ports_of_the_web(address: str) -> None:
    assert is_public(ip_address(address))
    assert [port for port in (22, 25, 80, 443, 6379, 8080) if Allowed().permits(address, port)] == [80, 443]


@pytest.mark.parametrize("url", NOT_FOR_US)
def test_what_is_no_web_address_is_refused_unseen(url: str, sockets: list[Any]) -> None:
    with pytest.raises(Rejected) as refusal:
        fetch(url)
    assert refusal.value.code == "invalid_url"
    assert refusal.value.sentence.isprintable()


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://[::ffff:a9fe:a9fe]/"]
)
def test_a_redirect_to_the_metadata_service_is_not_followed(target: str, site: Site, allowed: Allowed) -> None:
    with pytest.raises(Rejected) as refusal:
        fetch(site.url(f"/to?{target}"), allowed=allowed)
    assert refusal.value.code == "forbidden_address"


def test_a_redirect_to_another_port_here_is_not_followed(site: Site, allowed: Allowed) -> None:
    with Site() as other, pytest.raises(Rejected) as refusal:
        fetch(site.url(f"/to?{other.url('/good')}"), allowed=allowed)
    assert refusal.value.code == "forbidden_address"


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Says what addresses names have from now on, as `name:port:address,address`."""
    handle = pycurl.Curl

    def say(answer: str) -> None:
        def curl() -> Any:
            made = handle()
            made.setopt(pycurl.RESOLVE, [answer])
            return made

        monkeypatch.setattr(pycurl, "Curl", curl)

    return say


def test_a_name_that_comes_to_mean_this_machine_leads_nowhere(
    site: Site, name_server: Callable[[str], None], sockets: list[Any]
) -> None:
    name_server(f"rebinding.invalid:{site.server_port}:127.0.0.1")
    with pytest.raises(Rejected, match=r"rebinding\.invalid") as refusal:
        fetch(site.url("/good", "rebinding.invalid"))
    assert refusal.value.code == "forbidden_address"


def test_of_a_name_with_many_addresses_only_the_allowed_are_tried(
    site: Site, allowed: Allowed, name_server: Callable[[str], None]
) -> None:
    name_server(f"many.invalid:{site.server_port}:127.0.0.2,127.0.0.1")
    assert fetch(site.url("/good", "many.invalid"), allowed=allowed).status == 200


def test_a_setting_allows_addresses_and_networks_with_their_ports() -> None:
    allowed = Allowed.parse("127.0.0.1:8123, 10.1.0.0/16:443 [::1]:8123 [fd00::/8]:80")
    for host, port in [("127.0.0.1", 8123), ("10.1.255.1", 443), ("::1", 8123), ("fd12::1", 80)]:
        assert allowed.permits(host, port), host
    for host, port in [("127.0.0.2", 8123), ("127.0.0.1", 80), ("10.2.0.1", 443), ("::1", 80), ("localhost", 8123)]:
        assert not allowed.permits(host, port), host
    assert Allowed.parse(" ") == Allowed()


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "localhost:80", "10.0.0.1/8:80", "127.0.0.1:0", "127.0.0.1:web", "::1:80", "[10.0.0.1]:80"]
)
def test_a_setting_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address or network with a port"):
        Allowed.parse(text)


def test_what_a_deployment_allows_holds_for_fetches_that_say_nothing(
    site: Site, allowed: Allowed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetcher, "deployment", fetcher.Policy(allowed))
    assert fetch(site.url("/good")).status == 200
