"""The local engine's life: start it clean, know it again, stop it without a trace."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import msgspec
import psutil

from umbel import hosts as names
from umbel.faults import Fault
from umbel.home import DATA, LOGS, ROOT, RUN
from umbel.toolchain import ENGINE, NODE

PORT = 4566
HOST = "127.0.0.1"
LOG = LOGS / "engine.log"

_RECORD = RUN / "engine.json"
SCRATCH = RUN / "tmp"
"""Temporary files of everything that we start; by it our processes are known, and with it they are swept away."""
_MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from umbel.engine_server import main; sys.path.pop(0); main()"
_SETTING = "UMBEL_ENGINE_"
"""`UMBEL_ENGINE_AUTH=true` gives the engine `AUTH=true`. Nothing else of the caller's environment reaches it."""
_STARTS_WITHIN = 60.0
_SAVES_WITHIN = 40.0
_DIES_WITHIN = 5.0


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """The engine that `up` started. `born` tells its process from a later one with the same number."""

    port: int
    pid: int
    born: float
    persist: bool
    hosts: tuple[str, ...] = ()
    """Under which names browsers on other machines reach it (`umbel.hosts`)."""

    @property
    def endpoint(self) -> str:
        """Where the AWS APIs answer."""
        return local_endpoint(self.port)

    @property
    def public(self) -> str:
        """Where browsers reach it."""
        return names.public(self.hosts, self.port) or self.endpoint

    @property
    def alive(self) -> bool:
        """True while the very process that was started is there."""
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.born and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def local_endpoint(port: int) -> str:
    """The address of an engine of ours on this port."""
    return f"http://{HOST}:{port}"


def running() -> Engine | None:
    """The engine that `up` started, when it still lives."""
    try:
        engine = msgspec.json.decode(_RECORD.read_bytes(), type=Engine)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return engine if engine.alive else None


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
    return parts.hostname in {"127.0.0.1", "localhost", "::1"} and parts.port == port


def start(port: int, *, persist: bool, hosts: tuple[str, ...] = ()) -> Engine:
    """Start the engine in a clean environment and wait until it answers."""
    sweep()
    refuse_taken(port)
    for folder in (SCRATCH, LOGS, *([DATA] if persist else [])):
        folder.mkdir(parents=True, exist_ok=True)
    _rewind_streams()
    with LOG.open("wb") as log:
        # A session of its own: Ctrl-C in this terminal is ours to handle, and its workers can be stopped with it.
        process = subprocess.Popen(  # noqa: S603 - the engine we installed
            [ENGINE / "bin" / "python", "-I", "-c", _MAIN, str(ROOT)],
            env=environment(port, persist=persist, hosts=hosts),
            cwd=SCRATCH,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    born = psutil.Process(process.pid).create_time()
    engine = Engine(port=port, pid=process.pid, born=born, persist=persist, hosts=hosts)
    _RECORD.write_bytes(msgspec.json.encode(engine))
    deadline = time.monotonic() + _STARTS_WITHIN
    while not healthy(engine.endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            end = "\n".join(LOG.read_text(errors="replace").splitlines()[-15:])
            raise Fault(f"the local engine did not start; its log is {LOG}", end)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    return engine


def stop() -> None:
    """End the engine and all that it started, and delete what they left. Safe to call at any time."""
    engine = running()
    if engine and engine.persist:
        # It saves its state when it is asked to end; an engine that keeps nothing needs no asking.
        process = psutil.Process(engine.pid)
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            process.terminate()
            process.wait(_SAVES_WITHIN)
    sweep()


def sweep() -> None:
    """Kill what an engine left running (a function in mid-call outlives it) and delete the run's folder."""
    orphans = [process for process in psutil.process_iter() if _is_ours(process)]
    for process in orphans:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(orphans, timeout=_DIES_WITHIN)
    shutil.rmtree(RUN, ignore_errors=True)


def refuse_taken(port: int) -> None:
    """Raise a fault that names who holds the port, unless it is free."""
    with socket.socket() as probe:
        # As servers do: an address whose last connections are still fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as fault:
            who = _holder(port)
            by = f" by {who}" if who else ""
            raise Fault(
                f"port {port} is taken{by}; another one: make up PORT={port + 10} (umbel up --port …)"
            ) from fault


def _rewind_streams() -> None:
    """Let mappings of streams start anew: the engine keeps how far they had read, but not what there was to read, and
    would wait for as many changes as there had been before it passes on the next one.
    """
    functions = DATA / "state" / "lambda.json"
    if functions.exists():
        state = json.loads(functions.read_bytes())
        state["payload"]["dynamodb_stream_positions"]["data"] = {}
        functions.write_text(json.dumps(state))


def _is_ours(process: psutil.Process) -> bool:
    """All that we start is given our scratch folder for its temporary files, and hands it on to its children."""
    try:
        return process.environ().get("TMPDIR") == str(SCRATCH)
    except (psutil.Error, OSError):
        return False


def environment(port: int, *, persist: bool, hosts: tuple[str, ...] = ()) -> dict[str, str]:
    """All that the engine, and so every function in it, gets to see of this machine."""
    state = DATA if persist else SCRATCH
    keep = {"PERSIST_STATE": "1", "S3_PERSIST": "1"} if persist else {}
    settings = {key[len(_SETTING) :]: value for key, value in os.environ.items() if key.startswith(_SETTING)}
    return {
        "PATH": os.pathsep.join([str(ENGINE / "bin"), str(NODE), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(SCRATCH),
        "TMPDIR": str(SCRATCH),
        "LANG": "C.UTF-8",
        "BIND_HOST": HOST,
        # Read by `umbel.engine_server`.
        "UMBEL_HOSTS": ",".join(names.named(hosts)),
        "UMBEL_LISTEN": ",".join(names.listening(hosts)),
        "GATEWAY_PORT": str(port),
        "STATE_DIR": str(state / "state"),
        "S3_DATA_DIR": str(state / "s3"),
        "LOG_LEVEL": "WARNING",
        # What the engine tells others to call it by: a host that has no `localhost` reaches it, too.
        "MINISTACK_HOST": HOST,
        # Listeners that nothing here uses.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        **keep,
        **settings,
    }


def _holder(port: int) -> str | None:
    """Who listens on the port, as far as this user may know."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return None
