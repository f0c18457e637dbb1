"""docs/glossary.md defines the words of the code: complete, sorted, and nothing in it that nobody uses."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.reading import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
ENTRY = re.compile(r"- \*\*(?P<word>[^*]+)\*\*: (?P<meaning>[^\n]+)\.")
CORE = ROOT / "layers" / "core" / "umbel_core"
STANDARD = {
    *("accepted", "already", "change", "collector", "command", "config", "count", "counted", "created", "declaration"),
    *(
        "ended",
        "error",
        "form",
        "health",
        "json",
        "last",
        "list",
        "me",
        "message",
        "not",
        "number",
        "object",
        "of",
        "period",
        "ping",
        "pong",
    ),
    *(
        "published",
        "pusher",
        "record",
        "redriven",
        "request",
        "response",
        "run",
        "running",
        "scale",
        "seen",
        "setting",
        "single",
    ),
    *("skipped", "spec", "state", "stats", "status", "submitter", "subscribe", "summary", "system", "total", "type"),
    *("unsubscribe", "view"),
}
"""Words in names of classes that the glossary need not define: standard English, or words of the field."""


def _entries() -> dict[str, str]:
    found = [line for line in GLOSSARY.read_text().splitlines() if line.startswith("- ")]
    matches = [ENTRY.fullmatch(line) for line in found]
    assert all(matches), [line for line, match in zip(found, matches, strict=True) if not match]
    return {match["word"]: match["meaning"] for match in matches if match}


def _classes() -> Iterator[str]:
    """The public classes of the core package; its AWS adapters are named for these."""
    for path in (*CORE.glob("*.py"), *CORE.glob("contract/*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name


def _words(name: str) -> list[str]:
    """The words of a class's name in the singular: `OpCard` -> op, card."""
    return [_singular(word.lower()) for word in re.findall(r"[A-Z][a-z0-9]*", name)]


def _singular(word: str) -> str:
    return word if word.endswith("ss") or word in STANDARD else word.removesuffix("s")


ENTRIES = _entries()
DEFINED = {_singular(part) for entry in ENTRIES for part in entry.lower().split()}
TEXTS = "\n".join(
    path.read_text().lower()
    for root in ("layers", "functions", "infra", "umbel", "docs")
    for path in sorted((ROOT / root).rglob("*"))
    if path.suffix in {".py", ".md"} and path != GLOSSARY
)


@pytest.mark.parametrize("name", sorted(set(_classes())))
def test_every_class_of_the_core_package_is_named_by_defined_or_standard_words(name: str) -> None:
    assert not [word for word in _words(name) if word not in DEFINED and word not in STANDARD]


def test_the_words_are_sorted_and_each_is_there_once() -> None:
    words = [word.lower() for word in ENTRIES]
    assert words == sorted(set(words))
    assert len(words) == GLOSSARY.read_text().count("\n- **")


@pytest.mark.parametrize("word", ENTRIES)
def test_every_word_is_used_in_the_code_or_the_documents(word: str) -> None:
    assert re.search(rf"\b{_singular(word.lower()).replace(' ', '[ _-]')}", TEXTS)


def test_the_readme_leads_to_the_glossary() -> None:
    assert "(docs/glossary.md)" in Path(ROOT / "README.md").read_text()
