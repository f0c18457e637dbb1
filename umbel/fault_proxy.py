"""A loopback HTTP proxy between the deployed functions and the local engine that injects seeded errors and counts them.

It answers for AWS as AWS does on a bad day: throttled calls, connections that are reset before or after the call was
carried out, answers that are cut. It changes messages on their way to SNS, too: copies, another order, and messages
that match no subscription, as happens on AWS while a filter policy is new.

Requests without a signature in their headers (browsers, presigned URLs) pass unchanged.
"""

import json
import random
import re
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import msgspec

CONTROL = "/_faults"
"""GET: the counts of injected errors; PUT: new rates."""
_SERVICE = re.compile(r"/([a-z0-9-]+)/aws4_request")
_ENTRY = re.compile(r"PublishBatchRequestEntries\.member\.(\d+)\.(.*)")
_OP_VALUE = "MessageAttributes.entry.1.Value.StringValue"
_NO_OP = "matches-no-subscription"
_HOP_HEADERS = {"connection", "transfer-encoding", "content-length", "host", "expect", "keep-alive"}
_COPY_DELAY = 5.0
"""The most seconds after which a copy of a message follows."""
_S3_OPERATIONS = {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often each error is injected, as a share of the calls; of a message, as a share of the messages."""

    throttled: float = 0.0
    slow_down: float = 0.0
    """What S3 answers in place of throttling."""
    reset: float = 0.0
    """The connection is reset before the call reaches the engine."""
    reply_lost: float = 0.0
    """The call is carried out, then the connection is reset."""
    cut: float = 0.0
    """The call is carried out, and half of its answer arrives."""
    copied: float = 0.0
    """A call that publishes messages is sent again, up to five seconds later."""
    shuffled: float = 0.0
    """The messages of a call, of a topic without an order, are published in another order."""
    dropped: float = 0.0
    """A message is published and matches no subscription."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a proxy did so far."""

    seed: int
    calls: int
    rates: Rates
    kinds: dict[str, int]
    """How often each error was injected."""
    injected: dict[str, int]
    """The same by kind, service and operation: `reset dynamodb:UpdateItem`."""


CALM = Rates()
STORM = Rates(
    throttled=0.15, slow_down=0.10, reset=0.10, reply_lost=0.10, cut=0.05, copied=0.10, shuffled=0.25, dropped=0.02
)
MILD = Rates(throttled=0.03, slow_down=0.03, reset=0.02, reply_lost=0.02, cut=0.01, copied=0.05, shuffled=0.10)


class FaultProxy(ThreadingHTTPServer):
    """The proxy to the engine on one port. A seed gives the same sequence of decisions; calls arrive in any order."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, engine: int, *, port: int = 0, seed: int = 1, rates: Rates = CALM, log: Path | None = None):
        super().__init__(("127.0.0.1", port), _Handler)
        self.engine = engine
        self.seed = seed
        self.rates = rates
        self.calls = 0
        self.injected: Counter[tuple[str, str, str]] = Counter()
        """How often each error was injected, by kind, service and operation."""
        self._random = random.Random(seed)  # noqa: S311 - not for secrets
        self._lock = threading.Lock()
        self._log = log.open("a", encoding="utf-8") if log else None

    @property
    def url(self) -> str:
        """Its URL, for AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def chance(self) -> float:
        """Return the next number of the seeded sequence, from 0 to 1."""
        with self._lock:
            return self._random.random()

    def count(self, kind: str, service: str, operation: str) -> None:
        """Count an injected error and write it to the log."""
        with self._lock:
            self.injected[kind, service, operation] += 1
            if self._log:
                line = {"at": round(time.time(), 3), "kind": kind, "service": service, "operation": operation}
                self._log.write(json.dumps(line) + "\n")
                self._log.flush()

    def status(self) -> Status:
        """Return the rates, and the counts of injected errors by kind and by call."""
        with self._lock:
            counts = sorted(self.injected.items())
        kinds: Counter[str] = Counter()
        for (kind, _, _), count in counts:
            kinds[kind] += count
        calls = {f"{kind} {service}:{operation}": count for (kind, service, operation), count in counts}
        return Status(seed=self.seed, calls=self.calls, rates=self.rates, kinds=dict(kinds), injected=calls)

    def decide(self, service: str) -> str | None:
        """Return the error to inject into a call of this service, or None."""
        rates = self.rates
        choices = (
            ("slow_down", rates.slow_down) if service == "s3" else ("throttled", rates.throttled),
            ("reset", rates.reset),
            ("reply_lost", rates.reply_lost),
            ("cut", rates.cut),
        )
        drawn = self.chance()
        for kind, rate in choices:
            if drawn < rate:
                return kind
            drawn -= rate
        return None

    def shutdown_request(self, request: object) -> None:
        """Close a connection without the polite end, so that SO_LINGER can reset it."""
        self.close_request(request)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: a function that was killed resets its connections."""

    def server_close(self) -> None:
        """Close the socket and the log."""
        super().server_close()
        if self._log:
            self._log.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultProxy

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
        operation = _operation(service, self.command, self.headers.get("X-Amz-Target", ""), body)
        kind = self.server.decide(service)
        if kind in {"throttled", "slow_down"}:
            self.server.count(kind, service, operation)
            self._answer(*_throttled(service, self.headers.get("X-Amz-Target", "")))
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


def change_messages(body: bytes, rates: Rates, chance: Callable[[], float]) -> tuple[bytes, int, bool]:
    """Return the body of a PublishBatch with messages dropped and shuffled, how many were dropped, and if shuffled.

    A dropped message keeps its place, with an op that no subscription's filter matches.
    """
    fields = parse_qsl(body.decode(), keep_blank_values=True)
    rest = [(name, value) for name, value in fields if not _ENTRY.fullmatch(name)]
    entries: dict[str, dict[str, str]] = {}
    for name, value in fields:
        if entry := _ENTRY.fullmatch(name):
            entries.setdefault(entry[1], {})[entry[2]] = value
    dropped = 0
    for entry_fields in entries.values():
        if _OP_VALUE in entry_fields and chance() < rates.dropped:
            entry_fields[_OP_VALUE] = _NO_OP
            dropped += 1
    order = list(entries.values())
    has_order = any("MessageGroupId" in entry_fields for entry_fields in order)
    shuffled = len(order) > 1 and not has_order and chance() < rates.shuffled
    if shuffled:
        order.sort(key=lambda _: chance())
    for place, entry_fields in enumerate(order, 1):
        rest += [(f"PublishBatchRequestEntries.member.{place}.{name}", value) for name, value in entry_fields.items()]
    return urlencode(rest).encode(), dropped, shuffled


def _operation(service: str, method: str, target: str, body: bytes) -> str:
    """Return the name of the called operation, as the log shows it."""
    if target:
        return target.rpartition(".")[2]
    if service == "s3":
        return _S3_OPERATIONS.get(method, method)
    action = re.match(rb"Action=(\w+)|.*&Action=(\w+)", body[:2000])
    return (action[1] or action[2]).decode() if action else method


def _throttled(service: str, target: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return the answer of a throttled call in the protocol of its service."""
    message = "Rate exceeded (injected by the fault proxy)"
    if target:
        name = "ProvisionedThroughputExceededException" if service == "dynamodb" else "ThrottlingException"
        body = json.dumps({"__type": name, "message": message}).encode()
        return 400, [("Content-Type", "application/x-amz-json-1.0")], body
    if service == "s3":
        error = f"<Error><Code>SlowDown</Code><Message>{message}</Message></Error>"
        return 503, [("Content-Type", "application/xml")], error.encode()
    if service == "lambda":
        kind = ("X-Amzn-ErrorType", "TooManyRequestsException")
        return 429, [("Content-Type", "application/json"), kind], json.dumps({"message": message}).encode()
    error = f"<Error><Type>Sender</Type><Code>Throttling</Code><Message>{message}</Message></Error>"
    return 400, [("Content-Type", "text/xml")], f"<ErrorResponse>{error}</ErrorResponse>".encode()


def main(engine: str, port: str, seed: str, log: str) -> None:
    """Serve until the process is stopped, without errors until rates are given."""
    with FaultProxy(int(engine), port=int(port), seed=int(seed), log=Path(log)) as proxy:
        proxy.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
