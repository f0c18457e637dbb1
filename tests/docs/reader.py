"""A reader who types every command of a document, from top to bottom, and compares what it prints."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.docs.reading import ROOT, Command, commands
from tests.docs.shell import Shell

MASKS = {
    r"\bj[0-9a-f]{20}\b": "<job id>",
    r"\bumb_[\w-]*…?": "<token>",
    r"\b\d+ sent again": "<number> sent again",
    r"\b[0-9a-f]{8}\b": "<token id>",
    r"\b\d+(\.\d+)? ?ms\b|\b\d+\.\d s\b": "<time>",
    r"(\d{4}-)?\d\d-\d\d \d\d:\d\d(:\d\d)?": "<moment>",
    r"\b\d+\.\d kB": "<size>",
    r"\s+": " ",
}
"""Patterns of text that differs from run to run, or with the processor."""


class Reader:
    """Types into a shell on the deployment; `replaced` maps a document's ports and folders to those of the tests."""

    def __init__(self, shell: Shell, replaced: Mapping[str, str]) -> None:
        self._shell = shell
        self._replaced = replaced

    def follow(self, document: Path, not_run: Mapping[str, str]) -> Iterator[Command]:
        """Type the commands, except those that start with a key of `not_run`; yield the ones with another result."""
        for command in commands(document):
            if command.line.startswith(tuple(not_run)) or _needs_the_aws_cli(command):
                continue
            status, printed = self._shell.type(self.here(command.line))
            fails = any(line.startswith(("umbel: ", "✗ j")) for line in command.shown)
            shown = [self.here(line) for line in command.shown]
            if bool(status) != fails or (shown and not _agree(_masked(shown), _masked(printed))):
                yield Command(f"{command.line}: exit status {status}", printed)

    def here(self, text: str) -> str:
        """Return the text with the ports and folders of the tests."""
        for theirs, ours in self._replaced.items():
            text = text.replace(theirs, ours)
        return text


def _masked(lines: list[str]) -> list[str]:
    for pattern, instead in MASKS.items():
        lines = [re.sub(pattern, instead, line) for line in lines]
    return [line.strip() for line in lines]


def _agree(shown: list[str], printed: list[str]) -> bool:
    """Return whether the lines are the same, in any order; `…` stands for the rest of a line or for more lines."""
    whole = [line for line in shown if not line.endswith("…")]
    starts = [line.removesuffix("…") for line in shown if line.endswith("…")]
    left = list(printed)
    for line in whole:
        if line not in left:
            return False
        left.remove(line)
    if not starts:
        return not left
    return all(any(line.startswith(start) for line in left) for start in starts)


def _needs_the_aws_cli(command: Command) -> bool:
    """Return whether it needs the AWS CLI, which set-up does not install, and this machine does not have it."""
    return command.line.startswith("aws ") and shutil.which("aws") is None


def copy_examples(folder: Path, here: Mapping[str, str]) -> None:
    """Copy the examples; their URLs name the tests' web server."""
    shutil.copytree(ROOT / "examples", folder)
    for path in (*folder.glob("*.json"), *folder.glob("*.csv")):
        text = path.read_text()
        for theirs, ours in here.items():
            text = text.replace(theirs, ours)
        path.write_text(text)
