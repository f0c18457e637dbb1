"""The README's commands run as they stand, from top to bottom, and print what it shows."""

import re

import pytest

from tests.docs.reader import Reader
from tests.docs.reading import ROOT, blocks, commands

README = ROOT / "README.md"
EXAMPLES = ROOT / "examples"
NOT_RUN = {
    "make up": "the tests have deployed already, to an engine of their own",
    "make deploy": "it needs an AWS account",
    "umbel doctor --aws": "it needs an AWS account",
    "python3 -m http.server": "the tests' own web server is the one that their deployment may fetch from",
}
"""How a command starts -> why the test does not run it."""


@pytest.mark.engine
def test_every_command_runs_from_top_to_bottom_and_prints_what_is_shown(reader: Reader) -> None:
    assert list(reader.follow(README, NOT_RUN)) == []


def test_what_is_not_run_is_in_the_readme() -> None:
    lines = [command.line for command in commands(README)]
    assert not [start for start in NOT_RUN if not any(line.startswith(start) for line in lines)]


def test_the_op_that_the_readme_shows_is_the_one_in_the_tree() -> None:
    assert blocks(README, "python")[0] == (ROOT / "functions" / "ops" / "sharpen.py").read_text()


def test_every_file_that_a_command_names_is_in_the_examples() -> None:
    named = {name for command in commands(README) for name in re.findall(r"examples/([\w.]+)", command.line)}
    assert named
    assert not [name for name in named if not (EXAMPLES / name).is_file()]


def test_the_examples_are_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.iterdir()) < 200_000
