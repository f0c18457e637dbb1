"""The proxy's server: it decides by its seed which error to inject into a call, and counts what was injected."""

import json
import random
import threading
import time
from collections import Counter
from http.server import ThreadingHTTPServer
from pathlib import Path

from umbel.fault_proxy.handler import Handler
from umbel.fault_proxy.protocols import is_read
from umbel.fault_proxy.rates import CALM, Rates, Status


class FaultProxy(ThreadingHTTPServer):
    """The proxy to the engine on one port. A seed gives the same sequence of decisions; calls arrive in any order."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, engine: int, *, port: int = 0, seed: int = 1, rates: Rates = CALM, log: Path | None = None):
        super().__init__(("127.0.0.1", port), Handler)
        self.engine = engine
        self.seed = seed
        self.rates = rates
        self.calls = 0
        self.injected: Counter[tuple[str, str, str]] = Counter()
        """How often each error was injected, by kind, service and operation."""
        self.operations: Counter[str] = Counter()
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

    def count_call(self, service: str, operation: str) -> None:
        """Count a call of an operation."""
        with self._lock:
            self.operations[f"{service}:{operation}"] += 1

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
            counts, operations = sorted(self.injected.items()), dict(self.operations)
        kinds: Counter[str] = Counter()
        for (kind, _, _), count in counts:
            kinds[kind] += count
        calls = {f"{kind} {service}:{operation}": count for (kind, service, operation), count in counts}
        return Status(
            seed=self.seed,
            calls=self.calls,
            rates=self.rates,
            kinds=dict(kinds),
            injected=calls,
            operations=operations,
        )

    def decide(self, service: str, operation: str) -> str | None:
        """Return the error to inject into a call of this service, or None."""
        rates = self.rates
        choices = (
            ("slow_down", rates.slow_down) if service == "s3" else ("throttled", rates.throttled),
            ("reset", rates.reset),
            ("cut", rates.cut) if is_read(operation) else ("reply_lost", rates.reply_lost),
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
