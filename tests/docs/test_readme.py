"""The README's commands run as they stand, from top to bottom, and print what it shows."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.reading import ROOT, Command, blocks, commands
from tests.docs.shell import Shell, shell
from tests.fetching.server import Site
from tests.pipeline.api import Api
from tests.pipeline.deployment import Deployed

README = ROOT / "README.md"
EXAMPLES = ROOT / "examples"
NOT_RUN = {
    "make up": "the tests have deployed already, to an engine of their own",
    "make deploy": "it needs an AWS account",
    "umbel doctor --aws": "it needs an AWS account",
    "python3 -m http.server": "the tests' own web server is the one that their deployment may fetch from",
}
"""How a command starts -> why the test does not run it."""
MASKS = {
    r"\bj[0-9a-f]{20}\b": "<job id>",
    r"\b\d+(\.\d+)? ?ms\b|\b\d+\.\d s\b": "<time>",
    r"\d\d-\d\d \d\d:\d\d": "<moment>",
    r"\b\d+\.\d kB": "<size>",
    r"\s+": " ",
}
"""What differs from run to run, or with the processor."""


@pytest.fixture(scope="module")
def typed(deployed: Deployed, web: Site, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in a folder with the examples, which name the tests' web server in place of the reader's."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(EXAMPLES, folder / "examples")
    for path in EXAMPLES.iterdir():
        if path.suffix in {".json", ".csv"}:
            (folder / "examples" / path.name).write_text(_here(path.read_text(), deployed, web))
        web.files[f"/{path.name}"] = path.read_bytes()
    concurrency = {op["name"]: op["concurrency"] for op in api.get("/ops").body["ops"]}["thumbnail"]
    with shell(folder, dict(os.environ)) as ready:
        yield ready
    api.put("/ops/thumbnail", {"concurrency": concurrency})


def _here(text: str, deployed: Deployed, web: Site) -> str:
    """What a reader types, with the ports and the folder of the tests."""
    ours = {"127.0.0.1:8123": web.place, "127.0.0.1:4566": f"127.0.0.1:{deployed.port}", "$PWD/.venv": f"{ROOT}/.venv"}
    for theirs, here in ours.items():
        text = text.replace(theirs, here)
    return text


def _masked(lines: list[str]) -> list[str]:
    """The lines without what differs from run to run, sorted: tasks end in any order."""
    for pattern, instead in MASKS.items():
        lines = [re.sub(pattern, instead, line) for line in lines]
    return sorted(line.strip() for line in lines)


@pytest.mark.engine
def test_every_command_runs_from_top_to_bottom_and_prints_what_is_shown(
    typed: Shell, deployed: Deployed, web: Site
) -> None:
    for command in commands(README):
        if command.line.startswith(tuple(NOT_RUN)) or _needs_the_aws_cli(command):
            continue
        status, printed = typed.type(_here(command.line, deployed, web))
        assert status == 0, (command.line, printed)
        shown = [_here(line, deployed, web) for line in command.shown]
        assert not shown or _masked(printed) == _masked(shown), command.line


def _needs_the_aws_cli(command: Command) -> bool:
    """True where the machine has no AWS CLI, which the README names as the reader's to install."""
    return command.line.startswith("aws ") and shutil.which("aws") is None


def test_what_is_not_run_is_in_the_readme() -> None:
    lines = [command.line for command in commands(README)]
    assert not [start for start in NOT_RUN if not any(line.startswith(start) for line in lines)]


def test_the_op_that_the_readme_shows_is_the_one_in_the_tree() -> None:
    assert blocks(README, "python")[0] == (ROOT / "functions" / "ops" / "resize.py").read_text()


def test_every_file_that_a_command_names_is_in_the_examples() -> None:
    named = {name for command in commands(README) for name in re.findall(r"examples/([\w.]+)", command.line)}
    assert named
    assert not [name for name in named if not Path(EXAMPLES, name).is_file()]


def test_the_examples_are_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.iterdir()) < 200_000
