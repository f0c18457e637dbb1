"""The conditions of a machine under which a set-up must work.

Each public function is one condition: its docstring is the row's text in docs/local.md; its body sets up, runs one
upload and takes everything down under that condition.
"""

import contextlib
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.machines import mirror as mirrors
from tests.machines import proxy as proxies
from tests.machines.machine import PHOTO, ConditionError, Machine, free_port, fresh
from tests.pipeline.waiting import wait_for

Condition = Callable[[], None]

NOWHERE = "http://192.0.2.1:9"
"""An IP address that no machine has: connections to it hang."""
NO_HOME = "/dev/null/home"
"""A folder that not even root can create."""
AWS = {
    **{
        f"AWS_ENDPOINT_URL_{name}": NOWHERE
        for name in ("S3", "STS", "CLOUDFORMATION", "DYNAMODB", "LAMBDA", "SQS", "SSM")
    },
    "AWS_PROFILE": "missing",
    "AWS_DEFAULT_PROFILE": "missing",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example",
    "AWS_SESSION_TOKEN": "example",
    "AWS_REGION": "eu-north-1",
    "AWS_DEFAULT_REGION": "eu-north-1",
    "AWS_CA_BUNDLE": "/nonexistent/ca.pem",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/example",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent/token",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_DATA_PATH": "/nonexistent",
    "CDK_DEFAULT_ACCOUNT": "123456789012",
    "BOTO_CONFIG": "/nonexistent/boto",
}
SETTINGS = {
    "NODE_ENV": "production",
    "NODE_OPTIONS": "--require=/nonexistent.js",
    "npm_config_omit": "dev",
    "npm_config_global": "true",
    "npm_config_prefix": "/nonexistent",
    "npm_config_dry_run": "true",
    "PIP_USER": "1",
    "PIP_TARGET": "/nonexistent",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "UV_NO_DEV": "1",
    "UV_PROJECT_ENVIRONMENT": "/nonexistent",
    "UV_SYSTEM_PYTHON": "1",
    "VIRTUAL_ENV": "/nonexistent",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSAFEPATH": "1",
    "PYTHONPATH": "/nonexistent",
    "PYTHONWARNINGS": "error",
    "PORT": "80",
    "HOST": "0.0.0.0",
}


def clean() -> None:
    """nothing set"""
    with fresh() as machine:
        machine.work()


def aws_variables() -> None:
    """every AWS variable set, to dead addresses and missing profiles: no connection leaves the loopback"""
    with fresh() as machine:
        machine.run("make", "up")
        machine.down()
        _audit(Machine(machine.folder, machine.port, AWS))


def company_proxy() -> None:
    """a company's proxy without NO_PROXY: downloads use it, requests to the engine do not"""
    with proxies.running() as proxy, tempfile.TemporaryDirectory() as home:
        names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        settings = {**dict.fromkeys(names, proxy.url), "HOME": home, "no_proxy": "", "NO_PROXY": ""}
        with fresh(settings=settings) as machine:
            machine.work()
        asked = set(proxy.asked)
    if not asked:
        raise ConditionError("no download went through the proxy")
    if local := asked & {"127.0.0.1", "localhost", "::1"}:
        raise ConditionError(f"requests to {local} went through the proxy")


def mirror() -> None:
    """a mirror of the Python index in UV_DEFAULT_INDEX, with empty caches: every package comes from it"""
    with mirrors.running() as index, tempfile.TemporaryDirectory() as cache:
        with fresh(settings={"UV_DEFAULT_INDEX": index.url, "UV_CACHE_DIR": cache}) as machine:
            machine.work()
        if not {"boto3", "ministack", "pillow"} <= set(index.asked):
            raise ConditionError(f"the mirror was asked for {index.asked} alone")


def foreign_settings() -> None:
    """NODE_ENV, npm_config_omit, PIP_USER, PIP_TARGET, UV_NO_DEV, PYTHONOPTIMIZE=2, PYTHONSAFEPATH and similar"""
    with fresh(settings=SETTINGS) as machine:
        machine.work()


def no_home() -> None:
    """a HOME that is not there"""
    with fresh(settings={"HOME": NO_HOME}) as machine:
        machine.work()


def another_user() -> None:
    """a user without a name, a home or rights, as containers have"""
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ()
    with fresh(settings={"HOME": NO_HOME}, before=user) as machine:
        if user:
            for path in (machine.folder, *machine.folder.rglob("*")):
                os.chown(path, 65534, 65534)
        machine.work()


def tight_umask() -> None:
    """a checkout under umask 077: what Lambda gets can be read"""
    with fresh(umask=0o077) as machine:
        machine.work()
        _readable(machine.folder / ".build" / "functions")
        _readable(machine.folder / ".build" / "layers")


def odd_path() -> None:
    """a folder whose name has spaces, letters of other scripts and quotes"""
    with fresh("it's my Ümbel 🌿 copy") as machine:
        machine.work()


def no_git() -> None:
    """no git, no repository: a tarball"""
    with _without("git") as path, fresh(settings={"PATH": path}) as machine:
        machine.work()


def dumb_terminal() -> None:
    """TERM=dumb, CI=true, 20 columns"""
    with fresh(settings={"TERM": "dumb", "CI": "true", "COLUMNS": "20", "NO_COLOR": "1"}) as machine:
        machine.work()


def narrow_terminal() -> None:
    """a real terminal of 20 columns"""
    with fresh() as machine:
        machine.run("script", "-qec", "stty cols 20 && make up", "/dev/null")
        machine.upload()
        machine.down()


def broken_shims() -> None:
    """a version manager whose python3, python3.12, uv and node do not run"""
    with tempfile.TemporaryDirectory() as shims:
        for name in ("python3.14", "python3.13", "python3.12", "python3", "uv", "node", "npm"):
            shim = Path(shims, name)
            shim.write_text(f"#!/bin/sh\necho 'pyenv: {name}: command not found' >&2\nexit 127\n")
            shim.chmod(0o755)
        with fresh(settings={"PATH": f"{shims}{os.pathsep}{os.environ['PATH']}"}) as machine:
            machine.work()


def no_localhost() -> None:
    """a machine whose hosts file has no localhost"""
    with tempfile.NamedTemporaryFile("w", suffix=".hosts") as hosts:
        hosts.write("::1 ip6-localhost\n")
        hosts.flush()
        Path(hosts.name).chmod(0o644)
        bind = f'mount --bind {hosts.name} /etc/hosts && exec "$@"'
        with fresh(before=("unshare", "-m", "sh", "-c", bind, "sh")) as machine:
            machine.work()


def python(version: str) -> None:
    """Python {version}"""
    with fresh() as machine:
        machine.run("make", "up", f"PYTHON={_interpreter(version)}")
        machine.upload()
        machine.down()


def copied() -> None:
    """cp -a of a checkout whose Umbel runs: the copy does not touch it and runs at the same time"""
    with fresh() as machine:
        machine.run("make", "up")
        copy = Machine(machine.folder.with_name("copy"), free_port())
        shutil.copytree(machine.folder, copy.folder, symlinks=True)
        if "is not running here" not in copy.run("make", "down").stdout:
            raise ConditionError("make down in the copy took something down")
        machine.upload()
        copy.work()
        machine.upload()
        machine.down()


def moved() -> None:
    """mv of a checkout whose Umbel runs: the next make up stops it, says so and starts a new one"""
    with fresh() as machine:
        machine.run("make", "up")
        old, machine.folder = machine.folder, machine.folder.with_name("moved")
        old.rename(machine.folder)
        machine.work()
        if old.exists():
            raise ConditionError(f"{old} was created again: {list(old.rglob('*'))[:5]}")


def two_at_once() -> None:
    """two make up at once: the second waits, names the first, and uses its result"""
    with fresh() as machine:
        both = [machine.start("make", "up") for _ in range(2)]
        outputs = [process.communicate(timeout=900) for process in both]
        if any(process.returncode for process in both):
            raise ConditionError(f"{[process.returncode for process in both]}: {outputs}")
        if not any("waiting for make" in errors for _, errors in outputs):
            raise ConditionError("neither printed that it waited")
        machine.upload()
        machine.down()


def killed() -> None:
    """kill -9 of an engine that persists: the next start has what was saved, and works"""
    with fresh() as machine:
        machine.run("make", "up", "PERSIST=1")
        machine.upload()
        machine.down()
        machine.run("make", "up", "PERSIST=1")
        machine.upload()
        machine.kill()
        machine.run("make", "up", "PERSIST=1")
        jobs = machine.umbel("jobs").stdout
        if "coffee.jpg" not in jobs:
            raise ConditionError(f"saved jobs are lost: {jobs!r}")
        machine.upload()
        machine.down()


def full_disk() -> None:
    """no room for the data of an engine that persists: make down says so and leaves it running; with room it saves"""
    if os.geteuid() != 0:
        raise LookupError("only root can mount a small file system")
    with fresh() as machine:
        data = machine.folder / ".umbel" / "data"
        data.mkdir(parents=True)
        machine.run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(data))
        try:
            machine.run("make", "up", "PERSIST=1")
            machine.upload()
            errors = machine.run("make", "down", fails=True).stderr
            if "No space left on device" not in errors or "still runs" not in errors:
                raise ConditionError(f"make down printed: {errors}")
            machine.upload()
            machine.run("mount", "-o", "remount,size=500m", str(data))
            machine.down()
            machine.run("make", "up", "PERSIST=1")
            if machine.umbel("jobs").stdout.count("coffee.jpg") != 2:
                raise ConditionError("a job was lost")
            machine.down()
        finally:
            machine.run("umount", "--lazy", str(data))


def killed_up() -> None:
    """kill -9 of make up in the middle of a deployment: the next one works"""
    with fresh() as machine:
        up = machine.start("make", "up")
        wait_for((machine.folder / ".umbel" / "logs" / "deploy.log").exists, "a deployment to begin", timeout=300)
        os.killpg(up.pid, signal.SIGKILL)
        up.communicate()
        machine.work()


def other_port() -> None:
    """kept data on another port"""
    with fresh() as machine:
        machine.run("make", "up", "PERSIST=1")
        machine.upload()
        machine.down()
        machine.port = free_port()
        machine.run("make", "up", "PERSIST=1")
        machine.upload()
        machine.down()


def stopped(number: signal.Signals) -> None:
    """{number.name} while it sets up: no process is left, and the next make up works"""
    with fresh() as machine:
        up = machine.start("make", "up")
        wait_for((machine.folder / ".venv").exists, "set-up to be at work", timeout=120)
        os.killpg(up.pid, number)
        up.communicate(timeout=60)
        wait_for(lambda: not machine.processes(), "nothing to be at work any more", timeout=30)
        machine.work()


def everything_at_once() -> None:
    """AWS variables, foreign settings, umask 077, an odd path, no HOME, no git, no terminal: all at once"""
    with _without("git") as path:
        settings = {**AWS, **SETTINGS, "HOME": NO_HOME, "PATH": path, "TERM": "dumb", "COLUMNS": "20"}
        with fresh("it's an Ümbel", settings=settings, umask=0o077) as machine:
            machine.run("make", "up")
            machine.upload()
            _readable(machine.folder / ".build" / "functions")
            machine.down()
            _audit(machine)


def _audit(machine: Machine) -> None:
    """Run up, an upload and down once more, with nothing to download; fail on a connection outside the loopback."""
    work = f"make up && .venv/bin/umbel upload {PHOTO} && .venv/bin/umbel jobs && make down"
    # One command, because strace runs until the last process ends, and the engine runs on after make up.
    if reached := machine.audited("sh", "-c", work):
        raise ConditionError(f"{work} connected to {', '.join(sorted(reached))}")


def _readable(folder: Path) -> None:
    for path in folder.rglob("*"):
        wanted = 0o755 if path.is_dir() else 0o644
        if path.parts[-1].startswith(".") or path.name == "lock":
            continue
        if stat.S_IMODE(path.stat().st_mode) & wanted != wanted:
            raise ConditionError(f"{path} has the mode {stat.S_IMODE(path.stat().st_mode):o}")


@contextlib.contextmanager
def _without(*programs: str) -> Iterator[str]:
    """Yield a PATH with all programs of this process's PATH except some."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for directory in os.environ["PATH"].split(os.pathsep):
            for program in Path(directory).glob("*") if Path(directory).is_dir() else ():
                link = Path(folder, program.name)
                if program.name not in programs and not link.is_symlink() and "shims" not in program.parts:
                    link.symlink_to(program)
        if not Path(folder, "python3").is_symlink():
            Path(folder, "python3").symlink_to(sys.executable)
        yield folder


def _interpreter(version: str) -> str:
    found = shutil.which(f"python{version}")
    pythons = [*Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"), *([Path(found)] if found else [])]
    for program in pythons:
        if "shims" not in program.parts:
            return str(program)
    raise LookupError(f"no Python {version} on this machine")


def conditions() -> dict[str, Condition]:
    """Return name -> condition, in the order of the table."""
    plain = (
        *(
            clean,
            aws_variables,
            company_proxy,
            mirror,
            foreign_settings,
            no_home,
            another_user,
            tight_umask,
            odd_path,
            no_git,
        ),
        *(dumb_terminal, narrow_terminal, broken_shims, no_localhost, copied, moved, two_at_once, killed, killed_up),
        *(full_disk, other_port),
        everything_at_once,
    )
    made: dict[str, Condition] = {each.__name__: each for each in plain}
    made |= {f"python_{version}": partial(python, version) for version in ("3.11", "3.12", "3.13", "3.14")}
    made |= {f"stopped_{each.name}": partial(stopped, each) for each in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
    return made


def label(condition: Condition) -> str:
    """Return the text of a condition's row in the table."""
    if isinstance(condition, partial):
        (given,) = condition.args
        text = (condition.func.__doc__ or "").replace("{version}", str(given))
        return text.replace("{number.name}", getattr(given, "name", ""))
    return condition.__doc__ or ""
