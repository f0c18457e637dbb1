"""`umbel up --weather`: the fault proxy between the functions and the local engine, in a process of its own."""

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from umbel.fault_proxy import CALM, CONTROL, Rates, Status
from umbel.paths import LOGS, RUN, SCRATCH

MILD = Rates(throttled=0.03, slow_down=0.03, reset=0.02, reply_lost=0.02, cut=0.01, copied=0.05, shuffled=0.10)
_RECORD = RUN / "weather.json"
SEED = 1
_LOG = LOGS / "weather.jsonl"
"""Each injected error is one line of it."""


def start(engine: int) -> str:
    """Start the proxy to the engine on this port, without errors yet, and return its URL.

    Its working folder makes it a process of the run, so it is stopped together with the engine.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    _LOG.unlink(missing_ok=True)
    command = [sys.executable, "-I", "-m", "umbel.fault_proxy", str(engine), str(port), str(SEED), str(_LOG)]
    subprocess.Popen(  # noqa: S603 - our own module
        command,
        cwd=SCRATCH,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _RECORD.write_text(json.dumps({"port": port}))
    return f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Inject no errors during the block, and mild ones after it: a deployment that fails half-way is no lesson."""
    change(CALM)
    yield
    change(MILD)


def change(rates: Rates) -> None:
    """Give the proxy of the running engine other rates; without a proxy, do nothing."""
    if runs():
        _call(rates)


def runs() -> bool:
    """Return whether the engine was started with a proxy."""
    return _RECORD.exists()


def status() -> Status | None:
    """Return what the proxy of the running engine did so far; None when Umbel runs without it."""
    return _call() if runs() else None


def describe(status: Status) -> str:
    """Return the weather in one line."""
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(status.kinds.items()))
    return f"{sum(status.kinds.values())} errors injected into {status.calls} calls" + (f": {kinds}" if kinds else "")


def _call(rates: Rates | None = None) -> Status | None:
    """Read the proxy's status, after giving it these rates; None when it does not answer."""
    try:
        port = json.loads(_RECORD.read_bytes())["port"]
        body = msgspec.json.encode(rates) if rates else None
        request = Request(f"http://127.0.0.1:{port}{CONTROL}", body, method="PUT" if body else "GET")
        with build_opener(ProxyHandler({})).open(request, timeout=5) as answer:
            return msgspec.json.decode(answer.read(), type=Status)
    except (OSError, ValueError, KeyError):
        return None
