"""Read Markdown as a person does: its code blocks, and the commands in them with the output that is shown."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
"""The checkout."""
_BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Command(NamedTuple):
    """A command line, and the lines that the document shows below it."""

    line: str
    shown: list[str]


def blocks(document: Path, kind: str) -> list[str]:
    """The code blocks of one kind, in order."""
    return [match["text"] for match in _BLOCK.finditer(document.read_text()) if match["kind"] == kind]


def commands(document: Path) -> Iterator[Command]:
    """Every command of the document's ```sh and ```console blocks, from top to bottom."""
    for match in _BLOCK.finditer(document.read_text()):
        if match["kind"] == "sh":
            yield from (Command(line, []) for line in match["text"].splitlines() if line.strip())
        if match["kind"] == "console":
            for part in re.split(r"^\$ ", match["text"], flags=re.MULTILINE)[1:]:
                line, *shown = part.splitlines()
                yield Command(line, [each for each in shown if each.strip()])


def without_code(text: str) -> str:
    """A document's text without its code blocks, in which nothing is a link or a heading."""
    return _BLOCK.sub("", text)
