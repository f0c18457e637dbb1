"""Words that only the authors knew are gone: what replaced each is a word of the field, or of docs/glossary.md."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.docs.reading import ROOT

OLD = {
    r"(?i)\bundertakers?\b": "dead-letter function, dead_letters",
    r"(?i)\bbooks\b": "counters",
    r"(?i)\btall(?:y|ies|ied)\b": "op stats, counts",
    r"(?i)\bsurveys?\b": "stats collector",
    r"(?i)\bdoors?\b": "submit, intake, API",
    r"(?i)\barrivals\b": "intake messages",
    r"(?i)\baudiences?\b": "connections, subscribers",
    r"(?i)\bconversations?\b": "actions",
    r"(?i)\berrands?\b": "load cases",
    r"(?i)\bworkshops?\b": "function factory",
    r"\bgrant_looking\b": "grant_read_lanes",
    r"(?i)\bfacts\b": "packaged data, fields",
    r"(?i)\bannounc(?:e[ds]?|ing|ements?)\b": "created, pending",
    r"(?i)\bplanted\b": "deployed",
    r"(?i)\btold\b": "sent, recorded",
    r"\bPassing\b": "Transient",
    r"\breceives\.py|\.receives import|import receives\b": "max_receives",
    r"\bturns\.py|\.turns import|import turns\b": "redelivery",
    r"\bcircuits\.py|\.circuits import|import circuits\b": "circuit_breaker",
    r"\bparts\.tsx?\b|/parts[\"']": "app_context.ts",
    r"\bframed\.tsx?\b|/framed[\"']": "batched_store.ts",
}
"""A pattern for each old word -> the words in its place."""
TEXT = {".py", ".ts", ".tsx", ".md", ".css", ".html", ".json", ".toml", ".svg", ".yml", ".yaml", ".txt", ""}
LOCKED = {"uv.lock", "package-lock.json"}


def _tracked() -> Iterator[tuple[str, str]]:
    """The text files that belong to the project, this one apart."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix in TEXT and path.name not in LOCKED and path.name != "test_old_words.py" and path.is_file():
            yield name, path.read_text()


FILES = dict(_tracked())


@pytest.mark.parametrize(("pattern", "instead"), OLD.items(), ids=OLD.values())
def test_no_file_has_the_old_word(pattern: str, instead: str) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in FILES.items()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found, f"write {instead}: {found}"
