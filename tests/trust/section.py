"""What a part of `make trust` found, and how the report shows it."""

from datetime import UTC, datetime
from typing import NamedTuple


class Section(NamedTuple):
    """The findings of one part."""

    title: str
    numbers: dict[str, int | str]
    """What was done and what was found, by name."""
    errors: list[str]
    """What Umbel promises and did not do; empty when it held."""


def report(sections: list[Section], commit: str, moment: datetime | None = None) -> str:
    """Return the report in Markdown."""
    day = (moment or datetime.now(UTC)).date().isoformat()
    lines = ["# The trust report", "", f"Made by `make trust` on {day} at commit `{commit}`."]
    for section in sections:
        result = f"**{len(section.errors)} broken promises**" if section.errors else "Everything held."
        rows = [f"| {name} | {value} |" for name, value in section.numbers.items()]
        lines += ["", f"## {section.title}", "", result, "", "| | |", "|---|---|", *rows]
        lines += ["", *(f"- {error}" for error in section.errors)] if section.errors else []
    return "\n".join(lines) + "\n"
