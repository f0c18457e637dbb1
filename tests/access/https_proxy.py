"""An HTTP proxy in front of the engine that marks each request as one that came by TLS.

The engine serves plain HTTP, and with `AUTH=true` the policies of the buckets refuse that. It trusts the header that
this proxy adds. Requests are not changed in any other way, so their signatures stay valid.
"""

import contextlib
import socket
import socketserver
from collections.abc import Iterator
from threading import Thread

_MARK = b"X-Forwarded-Proto: https\r\n"
_CHUNK = 1 << 16


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    engine_port = 0


@contextlib.contextmanager
def running(engine_port: int) -> Iterator[int]:
    """Run the proxy in front of the engine during the block; yield its port."""
    with _Server(("127.0.0.1", 0), _Forward) as server:
        server.engine_port = engine_port
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class _Forward(socketserver.StreamRequestHandler):
    """Forwards the requests of one connection, and whatever the engine answers."""

    disable_nagle_algorithm = True
    timeout = 300

    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        with (
            socket.create_connection(("127.0.0.1", self.server.engine_port)) as self.engine,
            contextlib.suppress(OSError),
        ):
            self.engine.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = Thread(target=self._send_back, daemon=True)
            answers.start()
            while line := self.rfile.readline():
                self._forward(line, list(iter(self.rfile.readline, b"\r\n")))
            self.engine.shutdown(socket.SHUT_WR)
            answers.join()

    def _forward(self, line: bytes, headers: list[bytes]) -> None:
        self.engine.sendall(b"".join([line, _MARK, *headers, b"\r\n"]))
        named = {name.lower(): value.strip() for name, _, value in (header.partition(b":") for header in headers)}
        if b"upgrade" in named:
            while data := self.rfile.read1(_CHUNK):
                self.engine.sendall(data)
        elif b"chunked" in named.get(b"transfer-encoding", b""):
            size = -1
            while size:
                head = self.rfile.readline()
                size = int(head.partition(b";")[0], 16)
                self.engine.sendall(head + self.rfile.read(size + 2))
        else:
            self.engine.sendall(self.rfile.read(int(named.get(b"content-length", 0))))

    def _send_back(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.engine.recv(_CHUNK):
                self.connection.sendall(data)
            self.connection.shutdown(socket.SHUT_RDWR)
