"""A mirror of the Python index in the lock file: the same pages at another URL."""

import contextlib
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from umbel.paths import ROOT


class Mirror(ThreadingHTTPServer):
    """A server that gets each requested page from the index, and records the packages' names."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MirrorHandler)
        found = re.search(r'registry = "([^"]+)"', (ROOT / "uv.lock").read_text())
        assert found, "the lock file names no index"
        self.upstream = found[1].rstrip("/")
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.server_port}/simple"


class _MirrorHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        package = self.path.removeprefix("/simple/").strip("/")
        assert isinstance(self.server, Mirror)
        self.server.asked.append(package)
        wanted = {"Accept": self.headers.get("Accept", "*/*")}
        request = urllib.request.Request(f"{self.server.upstream}/{package}/", headers=wanted)
        try:
            with urllib.request.urlopen(request, timeout=60) as page:
                content, kind, status = page.read(), page.headers["Content-Type"], 200
        except urllib.error.HTTPError as refusal:
            content, kind, status = refusal.read(), refusal.headers["Content-Type"], refusal.code
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextlib.contextmanager
def running() -> Iterator[Mirror]:
    """Run a mirror during the block."""
    with Mirror() as mirror:
        Thread(target=mirror.serve_forever, daemon=True).start()
        yield mirror
        mirror.shutdown()
