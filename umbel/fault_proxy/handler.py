"""One call: forwarded to the engine, or answered with an error."""

import re
import socket
import struct
import threading
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import msgspec

from umbel.fault_proxy.messages import change_messages
from umbel.fault_proxy.protocols import operation_of, throttled
from umbel.fault_proxy.rates import Rates

if TYPE_CHECKING:
    from umbel.fault_proxy.server import FaultProxy

CONTROL = "/_faults"
"""GET: the counts of injected errors; PUT: new rates."""
_SERVICE = re.compile(r"/([a-z0-9-]+)/aws4_request")
_HOP_HEADERS = {"connection", "transfer-encoding", "content-length", "host", "expect", "keep-alive"}
_COPY_DELAY = 5.0
"""The most seconds after which a copy of a message follows."""


class Handler(BaseHTTPRequestHandler):
    """Forwards one call to the engine, or injects an error into it."""

    protocol_version = "HTTP/1.1"
    server: "FaultProxy"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's word
        """Print nothing: the injected errors have a log of their own."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == CONTROL:
            self._control(body)
            return
        self.server.calls += 1
        signed = _SERVICE.search(self.headers.get("Authorization", ""))
        if signed is None:
            self._answer(*self._forward(body))
            return
        service = signed[1]
        operation = operation_of(service, self.command, self.headers.get("X-Amz-Target", ""), body)
        self.server.count_call(service, operation)
        # A message to a connection is not disturbed: clients poll, so that nothing would depend on it.
        kind = None if service == "execute-api" else self.server.decide(service, operation)
        if kind in {"throttled", "slow_down"}:
            self.server.count(kind, service, operation)
            self._answer(*throttled(service, self.headers.get("X-Amz-Target", "")))
            return
        if kind == "reset":
            self.server.count(kind, service, operation)
            self._reset()
            return
        if operation == "PublishBatch":
            body = self._change_messages(body)
        status, headers, answer = self._forward(body)
        if kind == "reply_lost" or (kind == "cut" and len(answer) < 2):
            self.server.count("reply_lost", service, operation)
            self._reset()
        elif kind == "cut":
            self.server.count(kind, service, operation)
            half = answer[: len(answer) // 2]
            # Half of an object must not pass for a smaller object: on AWS its length and its checksum would say so.
            self._answer(status, headers, half, length=len(answer) if service == "s3" else len(half))
            self.close_connection = True
        else:
            self._answer(status, headers, answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = _handle  # noqa: N815 - the parent's names

    def _control(self, body: bytes) -> None:
        if self.command == "PUT":
            self.server.rates = msgspec.json.decode(body, type=Rates)
        self._answer(200, [("Content-Type", "application/json")], msgspec.json.encode(self.server.status()))

    def _change_messages(self, body: bytes) -> bytes:
        """Drop, shuffle and copy the messages of a call to SNS; return the body to send."""
        rates, server = self.server.rates, self.server
        changed, dropped, shuffled = change_messages(body, rates, server.chance)
        for _ in range(dropped):
            server.count("dropped", "sns", "message")
        if shuffled:
            server.count("shuffled", "sns", "PublishBatch")
        if server.chance() < rates.copied:
            server.count("copied", "sns", "PublishBatch")
            later = threading.Timer(server.chance() * _COPY_DELAY, self._forward, [changed])
            later.daemon = True
            later.start()
        return changed

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_HEADERS}
        headers["Content-Length"] = str(len(body))
        connection = HTTPConnection("127.0.0.1", self.server.engine, timeout=120)
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            return 502, [], b""
        finally:
            connection.close()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_HEADERS]
        if self.command == "HEAD" and (length := answer.getheader("Content-Length")):
            kept.append(("Content-Length", length))
        return answer.status, kept, content

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes = b"", *, length: int | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD" and status != 204:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """Reset the connection when it is closed, which follows at once."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
