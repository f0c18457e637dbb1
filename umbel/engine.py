"""The local engine's life: start it clean, know it again, stop it without a trace."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from umbel import hosts as names
from umbel import identity, restoring, steps
from umbel.environment import LOOPBACK
from umbel.errors import UmbelError
from umbel.home import HOME, LOGS, ROOT, RUN, SCRATCH
from umbel.toolchain import ENGINE, NODE

PORT = 4566
HOST = "127.0.0.1"
LOG = LOGS / "engine.log"

_RECORD = RUN / "engine.json"
_MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from umbel.engine_server import main; sys.path.pop(0); main()"
_SETTING = "UMBEL_ENGINE_"
"""`UMBEL_ENGINE_AUTH=true` gives the engine `AUTH=true`. Nothing else of the caller's environment reaches it."""
_STARTS_WITHIN = 60.0
_SAVES_WITHIN = 60.0
_BUSY_FOR = 60.0
_PAUSE = 0.2
_SNAPSHOT = "/_umbel/snapshot"


class Unsaved(Exception):  # noqa: N818 - says what the state is
    """The engine's state could not be saved; the message says why."""


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """The engine that `up` started: its process, the id of its run, and what it serves."""

    port: int
    pid: int
    run: str
    persist: bool
    home: str
    """The folder that it was started in. After the checkout was moved its functions are gone: it has to be stopped."""
    hosts: tuple[str, ...] = ()
    """Under which names browsers on other machines reach it (`umbel.hosts`)."""

    @property
    def endpoint(self) -> str:
        """Where the AWS APIs answer."""
        return local_endpoint(self.port)

    @property
    def moved(self) -> bool:
        """True when the checkout was moved since the engine was started."""
        return Path(self.home) != HOME

    @property
    def public(self) -> str:
        """Where browsers reach it."""
        return names.public(self.hosts, self.port) or self.endpoint


def local_endpoint(port: int) -> str:
    """The address of an engine of ours on this port."""
    return f"http://{HOST}:{port}"


def running() -> Engine | None:
    """The engine that `up` started, when it still lives; found by its process when its record is gone."""
    try:
        recorded = msgspec.json.decode(_RECORD.read_bytes(), type=Engine)
    except (OSError, msgspec.DecodeError):
        recorded = None
    found = identity.engine(recorded.pid if recorded else None)
    if found is None:
        return None
    home = str(Path(found.scratch).parents[1])
    return Engine(port=found.port, pid=found.pid, run=found.run, persist=found.persist, home=home, hosts=found.hosts)


def healthy(endpoint: str, patience: float = 2.0) -> bool:
    """True when a LocalStack-compatible endpoint answers there."""
    try:
        # Proxies of the caller's are for the internet, never for an engine at hand.
        with build_opener(ProxyHandler({})).open(f"{endpoint}/_localstack/health", timeout=patience) as answer:
            return "services" in json.load(answer)
    except (URLError, OSError, ValueError):
        return False


def named_endpoint() -> str | None:
    """The endpoint that the caller's environment names, as AWS's own tools and LocalStack's would read it."""
    if url := os.environ.get("AWS_ENDPOINT_URL"):
        return url.rstrip("/")
    if host := os.environ.get("LOCALSTACK_HOST"):
        return f"http://{host}" if ":" in host else f"http://{host}:{PORT}"
    return None


def is_ours(endpoint: str, port: int) -> bool:
    """True when the endpoint is this machine's own, on this port: then it means our engine."""
    parts = urlsplit(endpoint)
    return parts.hostname in LOOPBACK and parts.port == port


def answers(endpoint: str) -> bool:
    """True when an endpoint answers. Our own engine is waited for while its process lives: it is busy, not gone."""
    if healthy(endpoint):
        return True
    ours = running()
    if ours is None or not is_ours(endpoint, ours.port):
        return False
    steps.say(f"the local engine is busy (process {ours.pid}); waiting for it, {_BUSY_FOR:.0f} s at most")
    deadline = time.monotonic() + _BUSY_FOR
    while time.monotonic() < deadline:
        if healthy(endpoint, patience=5):
            return True
        if running() is None:
            return False
        time.sleep(_PAUSE)
    raise UmbelError(
        f"the local engine (process {ours.pid}) has not answered for {_BUSY_FOR:.0f} s: wait, or stop it with "
        f"make down ARGS=--now; its log is {LOG}"
    )


def start(port: int, *, persist: bool, hosts: tuple[str, ...] = ()) -> Engine:
    """Start the engine in a clean environment and wait until it answers; a persistent one with the data it kept."""
    if ours := running():
        raise UmbelError(f"Umbel already runs on port {ours.port} (process {ours.pid}): make down first")
    while True:
        sweep()
        refuse_taken(port)
        SCRATCH.mkdir(parents=True, exist_ok=True)
        LOGS.mkdir(parents=True, exist_ok=True)
        restored = restoring.newest() if persist else None
        if restored:
            restoring.restore(restored, port)
        try:
            engine = _launch(port, persist=persist, hosts=hosts)
        except UmbelError:
            why = restoring.refused()
            if restored is None or why is None:
                raise
            restoring.move_aside(restored.folder, why)
        else:
            if restored:
                steps.say(f"the data is that of {restored.when}")
            return engine


def _launch(port: int, *, persist: bool, hosts: tuple[str, ...]) -> Engine:
    run = secrets.token_hex(8)
    with LOG.open("wb") as log:
        # A session of its own: Ctrl-C in this terminal is ours to handle, and its workers can be stopped with it.
        process = subprocess.Popen(  # noqa: S603 - the engine we installed
            [ENGINE / "bin" / "python", "-I", "-c", _MAIN, str(ROOT)],
            env=environment(port, persist=persist, run=run, hosts=hosts),
            cwd=SCRATCH,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    engine = Engine(port=port, pid=process.pid, run=run, persist=persist, home=str(HOME), hosts=hosts)
    _RECORD.write_bytes(msgspec.json.encode(engine))
    deadline = time.monotonic() + _STARTS_WITHIN
    while not healthy(engine.endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            end = "\n".join(LOG.read_text(errors="replace").splitlines()[-15:])
            raise UmbelError(f"the local engine did not start; its log is {LOG}", end)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    return engine


def save(engine: Engine, *, final: bool, patience: float = _SAVES_WITHIN) -> None:
    """Have a persistent engine take a snapshot now; raises Unsaved with the reason when it cannot.

    After a final one it changes nothing more, and is to be stopped.
    """
    headers = {"Content-Type": "application/json"}
    request = Request(f"{engine.endpoint}{_SNAPSHOT}", json.dumps({"final": final}).encode(), headers)  # noqa: S310 - ours
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=patience) as answer:
            answer.read()
    except HTTPError as refusal:
        with contextlib.suppress(ValueError):
            raise Unsaved(str(json.load(refusal).get("reason"))) from refusal
        raise Unsaved(f"the engine answered {refusal.code}") from refusal
    except OSError as error:
        raise Unsaved("the engine does not answer") from error


def stop(*, saved: bool = False) -> None:
    """End the engine and all that it started, and delete what they left. Safe to call at any time.

    What a persistent engine holds is lost unless it was `saved` right before; `sweep` says so.
    """
    sweep(clean=saved)


def sweep(*, clean: bool = False) -> None:
    """Kill what belongs to this checkout's run and delete the run's folder.

    Unless the run ended clean, what it saved last is told, and objects that came after that are moved aside.
    """
    identity.kill_all()
    if not clean:
        restoring.rescue()
    shutil.rmtree(RUN, ignore_errors=True)


def refuse_taken(port: int) -> None:
    """Raise a fault that names who holds the port, unless it is free."""
    with socket.socket() as probe:
        # As servers do: an address whose last connections are still fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            who = identity.holder(port)
            by = f" by {who}" if who else ""
            raise UmbelError(
                f"port {port} is taken{by}; another one: make up PORT={port + 10} (umbel up --port …)"
            ) from error


def is_free(port: int) -> bool:
    """True when an engine could be started on this port."""
    try:
        refuse_taken(port)
    except UmbelError:
        return False
    return True


def environment(port: int, *, persist: bool, run: str = "", hosts: tuple[str, ...] = ()) -> dict[str, str]:
    """All that the engine, and so every function in it, gets to see of this machine."""
    # Relative to where it works: these stay right when the checkout is moved while it runs.
    keep = {"PERSIST_STATE": "1", "S3_PERSIST": "1", identity.PERSISTS: "../../data"} if persist else {}
    settings = {key[len(_SETTING) :]: value for key, value in os.environ.items() if key.startswith(_SETTING)}
    return {
        "PATH": os.pathsep.join([str(ENGINE / "bin"), str(NODE), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(SCRATCH),
        "TMPDIR": str(SCRATCH),
        "LANG": "C.UTF-8",
        "BIND_HOST": HOST,
        identity.REACHED_AS: ",".join(hosts),
        # Read by `umbel.engine_server`.
        "UMBEL_HOSTS": ",".join(names.named(hosts)),
        "UMBEL_LISTEN": ",".join(names.listening(hosts)),
        "GATEWAY_PORT": str(port),
        "STATE_DIR": "../state",
        "S3_DATA_DIR": "../s3",
        identity.RUN_ID: run,
        "LOG_LEVEL": "WARNING",
        # What the engine tells others to call it by: a host that has no `localhost` reaches it, too.
        "MINISTACK_HOST": HOST,
        # Listeners that nothing here uses.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        **keep,
        **settings,
    }
