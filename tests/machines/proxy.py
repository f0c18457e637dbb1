"""An HTTP proxy, as companies have, that records the hosts that it was asked for."""

import contextlib
import select
import socket
import socketserver
from collections.abc import Iterator
from threading import Lock, Thread
from urllib.parse import urlsplit

_CHUNK = 65_536


class Proxy(socketserver.ThreadingTCPServer):
    """An HTTP proxy for CONNECT and for plain requests."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.asked: list[str] = []
        """The requested hosts."""
        self._known: dict[str, str] = {}
        self._lookup_lock = Lock()

    def address(self, host: str) -> str:
        """Return a host's IP address, looked up once: a resolver may refuse hundreds of lookups at the same time."""
        with self._lookup_lock:
            if host not in self._known:
                self._known[host] = socket.gethostbyname(host)
            return self._known[host]

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Forward(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline().decode("latin-1").split()
        if len(line) != 3:
            return
        method, target, version = line
        headers = b"".join(iter(self.rfile.readline, b"\r\n"))
        parts = urlsplit(target if "://" in target else f"//{target}")
        assert isinstance(self.server, Proxy)
        self.server.asked.append(parts.hostname or "")
        address = (self.server.address(parts.hostname or ""), parts.port or 80)
        with socket.create_connection(address, timeout=60) as upstream:
            if method == "CONNECT":
                self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                kept = b"".join(each + b"\r\n" for each in headers.split(b"\r\n") if b"connection:" not in each.lower())
                upstream.sendall(f"{method} {path or '/'} {version}\r\n".encode() + kept + b"Connection: close\r\n\r\n")
            self._pump(upstream)

    def _pump(self, upstream: socket.socket) -> None:
        sides = {self.connection: upstream, upstream: self.connection}
        with contextlib.suppress(OSError):
            while True:
                for side in select.select(list(sides), [], [], 120)[0]:
                    data = side.recv(_CHUNK)
                    if not data:
                        return
                    sides[side].sendall(data)


@contextlib.contextmanager
def running() -> Iterator[Proxy]:
    """Run a proxy during the block."""
    with Proxy() as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        yield proxy
        proxy.shutdown()
