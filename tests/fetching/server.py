"""A web server on this machine; many of its pages behave badly, to test the fetcher."""

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from threading import Event, Thread
from urllib.parse import unquote

POLISH = "Zażółć gęślą jaźń"
RUSSIAN = "Съешь ещё этих мягких булок"
JAPANESE = "こんにちは、世界"


class Site(ThreadingHTTPServer):
    """Counts its requests; closing it ends the pages that would never end."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.closing = Event()
        self.asked: list[str] = []
        self.files: dict[str, bytes] = {}
        """Files by path, besides the fixed pages."""
        self.moved: dict[str, str] = {}
        """Where these paths redirect to."""
        self.busy: Counter[str] = Counter()
        """Path -> how many times it still answers 503 before its file."""

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Return the URL of one of its pages."""
        return f"http://{host}:{self.server_port}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: many tests make the client reset its connection."""

    @property
    def place(self) -> str:
        """Return the server's IP address and port in the form of the setting `allowed_addresses`."""
        return f"127.0.0.1:{self.server_port}"


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve in a separate thread."""
    thread = Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        site.shutdown()
        thread.join()
        site.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's word
        """Print nothing: pytest shows what matters."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.asked.append(path)
        picture = self.server.files.get(path)
        try:
            if self.server.busy[path] > 0:
                self.server.busy[path] -= 1
                self.page(b"later", status=503)
            elif path in self.server.moved:
                self.redirect(self.server.moved[path])
            elif picture is not None:
                self.page(picture, guess_type(path)[0] or "image/jpeg")
            else:
                PAGES.get(path, _unknown)(self, query)
        except OSError:
            self.close_connection = True  # the client closed the connection

    def page(self, body: bytes, kind: str = "text/html", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def start(self, *headers: str) -> None:
        self.wfile.write("\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode())
        self.close_connection = True

    def redirect(self, location: str, status: int = 302) -> None:
        self.page(b"elsewhere", status=status, Location=location)

    def for_ever(self, chunk: bytes, pause: float = 0) -> None:
        while not self.server.closing.wait(pause) if pause else not self.server.closing.is_set():
            self.wfile.write(chunk)


def titled(title: str, charset: str, kind: str = "text/html", meta: str = "") -> Callable[[_Handler, str], None]:
    """Return a page in a charset, which the header or a meta element names."""
    return lambda it, _: it.page(f"<html><head>{meta}<title>{title}</title>".encode(charset), kind)


@cache
def bomb(times: int) -> bytes:
    """Return 200 MB of zeros, compressed so many times."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join([squeeze.compress(bytes(1_000_000)) for _ in range(200)]) + squeeze.flush()
    for _ in range(times - 1):
        packed = gzip.compress(packed)
    return packed


def _unknown(it: _Handler, _: str) -> None:
    it.page(b"<title>Not here</title>", status=404)


def _slow(it: _Handler, query: str) -> None:
    it.server.closing.wait(float(query.partition("&")[0]))
    it.page(b"<title>At last</title>")


def _redirect_for_ever(it: _Handler, _: str) -> None:
    it.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: /good\r\n\r\n")
    it.for_ever(b"x" * 65536)


def _consent(it: _Handler, query: str) -> None:
    """Send a visitor without the cookie to the page that sets it, which sends him back; the query is its attributes."""
    if "consent=yes" in it.headers.get("Cookie", "").split("; "):
        it.page(b"<title>Behind the consent</title>")
    else:
        it.redirect(f"/agree?{query}")


def _agree(it: _Handler, query: str) -> None:
    attributes = f"; {unquote(query)}" if query else ""
    it.page(b"", status=302, Location=f"/consent?{query}", Set_Cookie=f"consent=yes{attributes}")


def _busy(it: _Handler, query: str) -> None:
    """Answer with the status and the `Retry-After` of the query, which is `429` or `503&120`."""
    status, _, later = unquote(query).partition("&")
    headers = {"Retry_After": later} if later else {}
    it.page(b"<title>Later</title>", status=int(status), **headers)


def _drip(it: _Handler, _: str) -> None:
    it.start("Content-Type: text/html")
    it.for_ever(b"x", pause=0.05)


def _slow_headers(it: _Handler, _: str) -> None:
    it.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    it.for_ever(b"x", pause=0.05)


def _endless(it: _Handler, _: str) -> None:
    it.start("Content-Type: text/html")
    it.for_ever(b"x" * 65536)


def _endless_headers(it: _Handler, _: str) -> None:
    it.wfile.write(b"HTTP/1.1 200 OK\r\n")
    it.for_ever(b"X-More: " + b"x" * 1000 + b"\r\n")


def _endless_patience(it: _Handler, _: str) -> None:
    it.for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def _silent(it: _Handler, _: str) -> None:
    it.server.closing.wait()


def _gone(it: _Handler, _: str) -> None:
    it.close_connection = True


def _cut_short(it: _Handler, _: str) -> None:
    it.start("Content-Length: 1000")
    it.wfile.write(b"half")


def _not_http(it: _Handler, _: str) -> None:
    it.wfile.write(b"220 smtp.invalid ESMTP\r\n")
    it.close_connection = True


PAGES: dict[str, Callable[[_Handler, str], None]] = {
    "/good": lambda it, _: it.page(
        b"<!doctype html><title> A good\n\tpage </title><p>Hello", "text/html; charset=utf-8"
    ),
    "/robots.txt": lambda it, _: it.page(b"User-agent: *\nDisallow: /not-for-robots\n", "text/plain"),
    "/not-for-robots": lambda it, _: it.page(b"<title>For people</title>"),
    "/polish-header": titled(POLISH, "iso8859-2", "text/html; charset=ISO-8859-2"),
    "/russian-meta": titled(RUSSIAN, "cp1251", meta="<meta charset=windows-1251>"),
    "/japanese-meta": titled(
        JAPANESE, "shift_jis", meta='<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">'
    ),
    "/latin": titled("“Café” – 5 €", "cp1252", 'text/html; charset="iso-8859-1"'),
    "/unsaid": titled(POLISH, "utf-8"),
    "/header-over-meta": titled(POLISH, "utf-8", "text/html; charset=utf-8", '<meta charset="windows-1251">'),
    "/unknown-charset": titled("plain", "utf-8", "text/html; charset=klingon"),
    "/squeezed": lambda it, _: it.page(gzip.compress(b"<title>Squeezed</title>"), Content_Encoding="gzip"),
    "/empty": lambda it, _: it.page(b""),
    "/nothing": lambda it, _: it.page(b"", status=204),
    "/missing": _unknown,
    "/broken": lambda it, _: it.page(b"<title>Out of order</title>", status=503),
    "/slow": _slow,
    "/binary": lambda it, _: it.page(bytes(range(256)) * 100, "application/octet-stream"),
    "/sized": lambda it, query: it.page(b"x" * int(query)),
    "/to": lambda it, query: it.redirect(query),
    "/loop": lambda it, _: it.redirect("/loop", 301),
    "/down": lambda it, query: it.redirect(f"/down?{int(query) - 1}" if query != "1" else "/good", 307),
    "/odd": lambda it, _: it.redirect("  /good?q=a b|c#part"),
    "/consent": _consent,
    "/agree": _agree,
    "/set-and-go": lambda it, query: it.page(b"", status=302, Location=query, Set_Cookie="seen=yes"),
    "/busy": _busy,
    "/user-agent": lambda it, _: it.page(it.headers.get("User-Agent", "").encode(), "text/plain"),
    "/cookies": lambda it, _: it.page(it.headers.get("Cookie", "").encode(), "text/plain"),
    "/redirect-endless": _redirect_for_ever,
    "/drip": _drip,
    "/slow-headers": _slow_headers,
    "/silent": _silent,
    "/endless": _endless,
    "/endless-headers": _endless_headers,
    "/endless-patience": _endless_patience,
    "/bomb": lambda it, _: it.page(bomb(1), Content_Encoding="gzip"),
    "/bomb-of-bombs": lambda it, _: it.page(bomb(2), Content_Encoding="gzip, gzip"),
    "/not-gzip": lambda it, _: it.page(b"plain", Content_Encoding="gzip"),
    "/gone": _gone,
    "/cut-short": _cut_short,
    "/not-http": _not_http,
}
