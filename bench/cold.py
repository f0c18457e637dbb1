"""Measure the cold start of the functions: the CPU time of a fresh interpreter with their imports and clients.

    .venv/bin/python -m bench cold --rounds 15 --write

It needs no deployment: each function runs on the layers and the code as they are deployed (.build), compiled. Beside
them boto3 as it is published, with the clients of S3 and DynamoDB, and Pillow. All take turns; the least time of each
counts, because it is the one that other processes disturbed least. `--write` puts the table into docs/performance.md.
"""

import argparse
import os
import platform
import re
import resource
import subprocess
import sys
from datetime import date
from pathlib import Path

import botocore
import msgspec

from infra import bundle
from infra.function import FUNCTIONS
from infra.target import Target, read_target
from umbel_core.catalogue import Catalogue, read_ops
from umbel_core.recipes import read_recipes

PAGE = Path("docs/performance.md")
_MARK = re.compile("(<!-- cold -->\n).*(<!-- /cold -->)", re.DOTALL)
_OPS = Path("functions/ops")
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "UPLOADS_BUCKET": "uploads",
    "RESULTS_BUCKET": "results",
    "LEDGER_TABLE": "ledger",
    "SOCKETS_TABLE": "sockets",
    "TOKENS_TABLE": "tokens",
    "LANE_QUEUE_URL": "http://127.0.0.1:1/lane",
    "INTAKE_QUEUE_URL": "http://127.0.0.1:1/intake",
    "MISSED_QUEUE_URL": "http://127.0.0.1:1/missed",
    "FANOUT_QUEUE_URL": "http://127.0.0.1:1/fanout",
    "TASKS_TOPIC": "tasks",
    "ORDERED_TOPIC": "tasks.fifo",
    "SOCKET_ENDPOINT": "http://127.0.0.1:1/socket",
    "LANE_PREFIX": "op-",
    "RESERVE": "true",
    "ALLOWED_ORIGINS": "*",
    "LIMITS": "{}",
}
"""Of all functions; none of them calls anything."""


class Start(msgspec.Struct, frozen=True):
    """What a fresh interpreter runs, where it finds it, and how much CPU time it may take."""

    name: str
    program: str
    path: list[Path] = []
    target_ms: int | None = None
    op: str = ""

    def cpu_ms(self) -> float:
        """Run it once; return the CPU time, user and system."""
        environment = {**_ENVIRONMENT, "OP": self.op, "PYTHONPATH": os.pathsep.join(map(str, self.path))}
        before = _children()
        subprocess.run([sys.executable, "-S", "-s", "-c", self.program], env=environment, check=True)
        return 1000 * (_children() - before)


def starts() -> list[Start]:
    """Return what is compared."""
    bare = "import boto3; boto3.client('s3'); boto3.client('dynamodb'); import PIL.Image, PIL.ImageOps"
    api = "import api.app; from api import wiring as w; w.submitter(); w.results(); w.intake(); w.idempotency_keys()"
    coordinator = "from coordinator.handler import intake, planner; planner(); intake()"
    return [
        Start("Python alone", "pass"),
        Start("boto3 as published, S3 and DynamoDB clients, Pillow", bare, [Path(botocore.__file__).parents[1]]),
        _lane("picture lane (`thumbnail`)", 240, "thumbnail", "core", "imaging"),
        _lane("text lane (`upper`)", 210, "upper", "core"),
        _function("coordinator", 250, coordinator, "core"),
        _function("api", 250, api, "core", "http"),
        _function("relay", 250, "from relay.handler import missed, relay; relay(); missed()", "core"),
        _function("authorizer", None, "from authorizer.handler import tokens; tokens()", "core"),
    ]


def measure(compared: list[Start], rounds: int) -> list[float]:
    """Return the least CPU time of each in all rounds, in ms. One round before is not counted."""
    times = [[start.cpu_ms() for start in compared] for _ in range(rounds + 1)]
    return [min(each) for each in zip(*times[1:], strict=True)]


def table(compared: list[Start], least: list[float]) -> str:
    """Return the Markdown."""
    rows = [f"| {each.name} | {ms:.0f} | {each.target_ms or '-'} |" for each, ms in zip(compared, least, strict=True)]
    measured = f"Measured on {date.today():%Y-%m-%d}, {platform.machine()}"  # noqa: DTZ011 - the day where it was
    versions = f"Python {platform.python_version()}, botocore {botocore.__version__}"
    head = [f"{measured}, {versions}.\n", "| a fresh interpreter with | CPU ms | target |", "|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def _lane(name: str, target_ms: int, op: str, *layers: str) -> Start:
    code = bundle.code(f"op-{op}", [FUNCTIONS / "worker", _OPS / f"{op}.py"], {}, _target())
    return Start(name, "from worker.handler import batches; batches()", [code, *_layers(layers)], target_ms, op)


def _function(role: str, target_ms: int | None, program: str, *layers: str) -> Start:
    catalogue = Catalogue(list(read_ops(_OPS).values()))
    recipes = read_recipes(Path("recipes.toml"), catalogue)
    data = {"catalogue.json": catalogue.dump(), "recipes.json": msgspec.json.encode(recipes)}
    return Start(role, program, [bundle.code(role, [FUNCTIONS / role], data, _target()), *_layers(layers)], target_ms)


def _layers(names: tuple[str, ...]) -> list[Path]:
    return [bundle.layer(name, _target()) / "python" for name in names]


def _target() -> Target:
    return read_target({"target": "local"}.get)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(arguments: list[str]) -> None:
    """Measure all, print the table, and write it into the page if asked to."""
    options = argparse.ArgumentParser(prog="bench cold")
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--write", action="store_true")
    given = options.parse_args(arguments)
    compared = starts()
    markdown = table(compared, measure(compared, given.rounds))
    print(markdown)
    if given.write:
        PAGE.write_text(_MARK.sub(lambda mark: mark[1] + markdown + mark[2], PAGE.read_text()))
