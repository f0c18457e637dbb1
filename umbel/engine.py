"""Start, find and stop this checkout's local engine, and delete the files of its run."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from umbel import engine_process, host_names, progress, restore, weather
from umbel.environment import LOOPBACK
from umbel.errors import UmbelError
from umbel.paths import HOME, LOGS, ROOT, RUN, SCRATCH
from umbel.tools import ENGINE, NODE

PORT = 4566
HOST = "127.0.0.1"
LOG = LOGS / "engine.log"

_RECORD = RUN / "engine.json"
_MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from umbel.engine_server import main; sys.path.pop(0); main()"
_SETTING = "UMBEL_ENGINE_"
"""`UMBEL_ENGINE_AUTH=true` gives the engine `AUTH=true`. It gets no other variable of the caller's."""
_START_TIMEOUT = 60.0
_SAVE_TIMEOUT = 60.0
_BUSY_TIMEOUT = 60.0
_PAUSE = 0.2
_SNAPSHOT = "/_umbel/snapshot"


class SaveError(Exception):
    """The engine's state could not be saved; the message says why."""


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """The engine that `up` started: its process, the id of its run, and what it serves."""

    port: int
    pid: int
    run: str
    persist: bool
    home: str
    """The HOME that it was started with. After a move of the checkout its functions' code is not at that path any more,
    so the engine must be stopped."""
    hosts: tuple[str, ...] = ()
    """The host names that browsers on other machines use (`umbel.host_names`)."""

    @property
    def endpoint(self) -> str:
        """The URL of the AWS APIs."""
        return local_endpoint(self.port)

    @property
    def moved(self) -> bool:
        """True when the checkout was moved since the engine was started."""
        return Path(self.home) != HOME

    @property
    def public(self) -> str:
        """The URL that browsers use."""
        return host_names.public_url(self.hosts, self.port) or self.endpoint


def local_endpoint(port: int) -> str:
    """Return the URL of an engine of ours on this port."""
    return f"http://{HOST}:{port}"


def running() -> Engine | None:
    """Return the engine that `up` started, or None when it does not run.

    It is found by its process, so also when its record was deleted.
    """
    try:
        recorded = msgspec.json.decode(_RECORD.read_bytes(), type=Engine)
    except (OSError, msgspec.DecodeError):
        recorded = None
    found = engine_process.find(recorded.pid if recorded else None)
    if found is None:
        return None
    home = str(Path(found.scratch).parents[1])
    return Engine(port=found.port, pid=found.pid, run=found.run, persist=found.persist, home=home, hosts=found.hosts)


def is_healthy(endpoint: str, timeout: float = 2.0) -> bool:
    """Return whether a LocalStack-compatible endpoint answers at this URL."""
    return health(endpoint, timeout) is not None


def health(endpoint: str, timeout: float = 2.0) -> dict[str, Any] | None:
    """Return what a LocalStack-compatible endpoint says about itself: services, edition, version; None without one."""
    found = _get_json(f"{endpoint}/_localstack/health", timeout)
    return found if found and "services" in found else None


def is_ministack(endpoint: str) -> bool:
    """Return whether the engine at this URL is a MiniStack, as ours is."""
    return _get_json(f"{endpoint}/_ministack/health", 2.0) is not None


def _get_json(url: str, timeout: float) -> dict[str, Any] | None:
    try:
        # The caller's proxy is for the internet; it cannot reach a local engine.
        with build_opener(ProxyHandler({})).open(url, timeout=timeout) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (URLError, OSError, ValueError):
        return None


def endpoint_from_environment() -> str | None:
    """Return the endpoint that the environment names, as the tools of AWS and LocalStack read it; None without one."""
    if url := os.environ.get("AWS_ENDPOINT_URL"):
        return url.rstrip("/")
    if host := os.environ.get("LOCALSTACK_HOST"):
        return f"http://{host}" if ":" in host else f"http://{host}:{PORT}"
    return None


def is_own_endpoint(endpoint: str, port: int) -> bool:
    """Return whether the endpoint is this port on this machine: then it means our engine."""
    parts = urlsplit(endpoint)
    return parts.hostname in LOOPBACK and parts.port == port


def is_answering(endpoint: str) -> bool:
    """Return whether an endpoint answers. Wait for our own engine while its process runs: it may be busy.

    Raise an error when our engine stays busy for too long.
    """
    if is_healthy(endpoint):
        return True
    ours = running()
    if ours is None or not is_own_endpoint(endpoint, ours.port):
        return False
    progress.say(f"the local engine is busy (process {ours.pid}); waiting for it, {_BUSY_TIMEOUT:.0f} s at most")
    deadline = time.monotonic() + _BUSY_TIMEOUT
    while time.monotonic() < deadline:
        if is_healthy(endpoint, timeout=5):
            return True
        if running() is None:
            return False
        time.sleep(_PAUSE)
    raise UmbelError(
        f"the local engine (process {ours.pid}) has not answered for {_BUSY_TIMEOUT:.0f} s: wait, or stop it with "
        f"make down ARGS=--now; its log is {LOG}"
    )


def start(port: int, *, persist: bool, hosts: tuple[str, ...] = (), with_weather: bool = False) -> Engine:
    """Start the engine in a clean environment and wait until it answers.

    With `persist` its data is restored from the newest snapshot that it accepts. With `with_weather` the functions
    reach it through the fault proxy.
    """
    if ours := running():
        raise UmbelError(f"Umbel already runs on port {ours.port} (process {ours.pid}): make down first")
    while True:
        clean_up()
        require_free_port(port)
        SCRATCH.mkdir(parents=True, exist_ok=True)
        LOGS.mkdir(parents=True, exist_ok=True)
        snapshot = restore.newest() if persist else None
        if snapshot:
            restore.restore(snapshot, port)
        try:
            engine = _launch(port, persist=persist, hosts=hosts, with_weather=with_weather)
        except UmbelError:
            reason = restore.refusal_reason()
            if snapshot is None or reason is None:
                raise
            restore.move_aside(snapshot.folder, reason)
        else:
            if snapshot:
                progress.say(f"the data is that of {snapshot.taken_at}")
            return engine


def _launch(port: int, *, persist: bool, hosts: tuple[str, ...], with_weather: bool) -> Engine:
    run = secrets.token_hex(8)
    variables = environment(port, persist=persist, run=run, hosts=hosts)
    if with_weather:
        # The engine hands its own environment on to the functions.
        variables["AWS_ENDPOINT_URL"] = weather.start(port)
    with LOG.open("wb") as log:
        # In a session of its own it does not get this terminal's Ctrl-C, which we handle, and its workers can be
        # stopped together with it.
        process = subprocess.Popen(  # noqa: S603 - the engine that set-up installed
            [ENGINE / "bin" / "python", "-I", "-c", _MAIN, str(ROOT)],
            env=variables,
            cwd=SCRATCH,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    engine = Engine(port=port, pid=process.pid, run=run, persist=persist, home=str(HOME), hosts=hosts)
    _RECORD.write_bytes(msgspec.json.encode(engine))
    deadline = time.monotonic() + _START_TIMEOUT
    while not is_healthy(engine.endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            end = "\n".join(LOG.read_text(errors="replace").splitlines()[-15:])
            raise UmbelError(f"the local engine did not start; its log is {LOG}", end)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    return engine


def save(engine: Engine, *, final: bool, timeout: float = _SAVE_TIMEOUT) -> None:
    """Ask a persistent engine to take a snapshot now; raise SaveError with the reason when it cannot.

    After a final snapshot the engine answers no requests, and must be stopped.
    """
    headers = {"Content-Type": "application/json"}
    request = Request(f"{engine.endpoint}{_SNAPSHOT}", json.dumps({"final": final}).encode(), headers)  # noqa: S310 - ours
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=timeout) as answer:
            answer.read()
    except HTTPError as refusal:
        with contextlib.suppress(ValueError):
            raise SaveError(str(json.load(refusal).get("reason"))) from refusal
        raise SaveError(f"the engine answered {refusal.code}") from refusal
    except OSError as error:
        raise SaveError("the engine does not answer") from error


def stop(*, saved: bool = False) -> None:
    """Stop the engine and every process that it started, and delete the run's files. Safe to call at any time.

    Data of a persistent engine is lost unless it was `saved` right before; `clean_up` prints that.
    """
    clean_up(clean=saved)


def clean_up(*, clean: bool = False) -> None:
    """Kill the processes of this checkout's run and delete the run's folder.

    Unless the run ended `clean`, print when its data was last saved, and move objects written later aside.
    """
    engine_process.kill_all()
    if not clean:
        restore.move_unsaved_objects()
    shutil.rmtree(RUN, ignore_errors=True)


def require_free_port(port: int) -> None:
    """Raise an error that names the process that uses the port, unless the port is free."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            holder = engine_process.port_holder(port)
            by = f" by {holder}" if holder else ""
            raise UmbelError(
                f"port {port} is taken{by}; use another port: make up PORT={port + 10} (umbel up --port …)"
            ) from error


def is_free_port(port: int) -> bool:
    """Return whether an engine could be started on this port."""
    try:
        require_free_port(port)
    except UmbelError:
        return False
    return True


def environment(port: int, *, persist: bool, run: str = "", hosts: tuple[str, ...] = ()) -> dict[str, str]:
    """Return all variables of the engine's process, and so of every function in it."""
    # Paths relative to its working folder stay right when the checkout is moved while it runs.
    persistence = {"PERSIST_STATE": "1", "S3_PERSIST": "1", engine_process.PERSISTS: "../../data"} if persist else {}
    settings = {key[len(_SETTING) :]: value for key, value in os.environ.items() if key.startswith(_SETTING)}
    return {
        "PATH": os.pathsep.join([str(ENGINE / "bin"), str(NODE), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(SCRATCH),
        "TMPDIR": str(SCRATCH),
        "LANG": "C.UTF-8",
        "BIND_HOST": HOST,
        engine_process.REACHED_AS: ",".join(hosts),
        # Read by `umbel.engine_server`.
        "UMBEL_HOSTS": ",".join(host_names.browser_names(hosts)),
        "UMBEL_LISTEN": ",".join(host_names.listen_addresses(hosts)),
        "GATEWAY_PORT": str(port),
        "STATE_DIR": "../state",
        "S3_DATA_DIR": "../s3",
        engine_process.RUN_ID: run,
        "LOG_LEVEL": "WARNING",
        # The host in the URLs that the engine returns. Some machines cannot resolve `localhost`.
        "MINISTACK_HOST": HOST,
        # Servers that Umbel does not need.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        **persistence,
        **settings,
    }
