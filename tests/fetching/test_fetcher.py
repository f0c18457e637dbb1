"""A fetch ends in time, with a page within bounds or with a reason."""

import json
import shutil
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fetching.server import Site, serving
from umbel_core.errors import Rejected
from umbel_fetching.addresses import Allowed
from umbel_fetching.fetcher import PAGE_BYTES, fetch

MEASURE = """
import json, re, sys
from pathlib import Path
from umbel_core.errors import Rejected
from umbel_fetching.addresses import Allowed
from umbel_fetching.fetcher import fetch

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

allowed, good, *bad = sys.argv[1:]
fetch(good, allowed=Allowed.parse(allowed))
before = peak()
for url in bad:
    try:
        fetch(url, seconds=3, allowed=Allowed.parse(allowed))
    except Rejected:
        pass
print(json.dumps(peak() - before))
"""


def test_a_page_is_all_that_there_is_to_know(site: Site, allowed: Allowed) -> None:
    page = fetch(site.url("/good#part"), allowed=allowed)
    assert (page.url, page.status, page.content_type, page.charset) == (site.url("/good"), 200, "text/html", "utf-8")
    assert page.body.startswith(b"<!doctype html>")
    assert not page.truncated
    assert 0 <= page.took_ms < 5000


@pytest.mark.parametrize(("path", "status", "size"), [("/missing", 404, 23), ("/empty", 200, 0), ("/nothing", 204, 0)])
def test_every_answer_of_a_web_server_is_a_page(
    path: str, status: int, size: int, site: Site, allowed: Allowed
) -> None:
    page = fetch(site.url(path), allowed=allowed)
    assert (page.status, len(page.body)) == (status, size)


def test_a_name_with_one_allowed_address_is_reached_there(site: Site, allowed: Allowed) -> None:
    assert fetch(site.url("/good", "localhost"), allowed=allowed).status == 200


def test_a_compressed_body_comes_unpacked(site: Site, allowed: Allowed) -> None:
    assert fetch(site.url("/squeezed"), allowed=allowed).body == b"<title>Squeezed</title>"


@pytest.mark.parametrize(("size", "truncated"), [(99, False), (100, False), (101, True), (1_000_000, True)])
def test_a_body_is_read_up_to_the_limit(size: int, truncated: bool, site: Site, allowed: Allowed) -> None:
    page = fetch(site.url(f"/sized?{size}"), max_bytes=100, allowed=allowed)
    assert (len(page.body), page.truncated) == (min(size, 100), truncated)


def test_who_needs_the_whole_gets_no_part(site: Site, allowed: Allowed) -> None:
    assert len(fetch(site.url("/sized?100"), max_bytes=100, whole=True, allowed=allowed).body) == 100
    with pytest.raises(Rejected, match="more than 100 bytes") as refusal:
        fetch(site.url("/sized?101"), max_bytes=100, whole=True, allowed=allowed)
    assert refusal.value.code == "too_large"


@pytest.mark.parametrize("path", ["/endless", "/bomb", "/bomb-of-bombs"])
def test_what_never_ends_is_cut(path: str, site: Site, allowed: Allowed) -> None:
    page = fetch(site.url(path), allowed=allowed)
    assert (len(page.body), page.truncated) == (PAGE_BYTES, True)


@pytest.mark.parametrize("hops", [1, 5])
def test_redirects_are_followed(hops: int, site: Site, allowed: Allowed) -> None:
    page = fetch(site.url(f"/down?{hops}"), allowed=allowed)
    assert (page.url, page.status) == (site.url("/good"), 200)


def test_a_redirect_as_people_write_it_is_understood(site: Site, allowed: Allowed) -> None:
    assert fetch(site.url("/odd"), allowed=allowed).url == site.url("/good?q=a%20b%7Cc")


def test_the_body_of_a_redirect_is_not_waited_for(site: Site, allowed: Allowed) -> None:
    assert fetch(site.url("/redirect-endless"), seconds=3, allowed=allowed).url == site.url("/good")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/loop", "redirect_loop"),
        ("/down?6", "redirect_loop"),
        ("/to?file:///etc/passwd", "bad_answer"),
        ("/to?gopher://127.0.0.1/", "bad_answer"),
        ("/to?http://[", "bad_answer"),
        ("/to?http://nobody.invalid/", "dead_host"),
        ("/endless-headers", "too_large"),
        ("/endless-patience", "too_large"),
        ("/gone", "bad_answer"),
        ("/cut-short", "bad_answer"),
        ("/not-http", "bad_answer"),
        ("/not-gzip", "bad_answer"),
    ],
)
def test_a_page_that_cannot_be_had_has_a_reason(path: str, code: str, site: Site, allowed: Allowed) -> None:
    with pytest.raises(Rejected) as refusal:
        fetch(site.url(path), allowed=allowed)
    assert refusal.value.code == code
    assert refusal.value.sentence.endswith(".")


def test_a_name_that_nobody_has_is_a_dead_host() -> None:
    with pytest.raises(Rejected, match=r"nobody\.invalid") as refusal:
        fetch("http://nobody.invalid/")
    assert refusal.value.code == "dead_host"


def test_a_port_where_nobody_listens_is_a_dead_host() -> None:
    with Site() as closed:
        pass
    with pytest.raises(Rejected) as refusal:
        fetch(closed.url("/good"), allowed=Allowed.parse(closed.place))
    assert refusal.value.code == "dead_host"


def test_a_web_server_that_does_not_encrypt_is_told(site: Site, allowed: Allowed) -> None:
    with pytest.raises(Rejected) as refusal:
        fetch(site.url("/good").replace("http:", "https:"), allowed=allowed)
    assert refusal.value.code == "tls_failed"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_a_certificate_that_nobody_signed_is_not_trusted(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run([*make.split(), "-keyout", key, "-out", certificate], capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secret = Site()
    secret.socket = context.wrap_socket(secret.socket, server_side=True)
    with serving(secret), pytest.raises(Rejected, match="certificate") as refusal:
        fetch(secret.url("/good", "localhost").replace("http:", "https:"), allowed=Allowed.parse(secret.place))
    assert refusal.value.code == "tls_failed"
    assert not secret.asked


@pytest.mark.parametrize("path", ["/drip", "/slow-headers", "/silent"])
def test_the_deadline_is_kept_on_the_wall_clock(path: str, site: Site, allowed: Allowed) -> None:
    def took() -> float:
        start = time.monotonic()
        with pytest.raises(Rejected, match="longer than 1 seconds") as refusal:
            fetch(site.url(path), seconds=1, allowed=allowed)
        assert refusal.value.code == "timed_out"
        return time.monotonic() - start

    # A machine that stood still for a while is asked again.
    assert any(took() == pytest.approx(1, abs=0.5) for _ in range(3))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux shows a process's peak memory")
def test_memory_stays_flat_whatever_comes(site: Site) -> None:
    paths = ["/good", "/endless", "/bomb", "/bomb-of-bombs", "/endless-headers", "/endless-patience"]
    command = [sys.executable, "-c", MEASURE, site.place, *map(site.url, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) < 64


def test_no_proxy_of_the_environment_comes_between(
    site: Site, allowed: Allowed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.invalid:80")
    assert fetch(site.url("/good"), allowed=allowed).status == 200
