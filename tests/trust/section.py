"""What a part of `make trust` found, and how the report shows it."""

from datetime import UTC, datetime
from typing import NamedTuple

HEAD = "# The trust report\n\n`make trust` made each part, on the day and at the commit that the part names.\n"


class Section(NamedTuple):
    """The findings of one part."""

    title: str
    numbers: dict[str, int | str]
    """What was done and what was found, by name."""
    errors: list[str]
    """What Umbel promises and did not do; empty when it held."""
    about: str = ""
    """What was done, in a few sentences."""

    def text(self, commit: str, seconds: float, moment: datetime | None = None) -> str:
        """Return the section in Markdown. The part took so many seconds."""
        day = (moment or datetime.now(UTC)).date().isoformat()
        result = f"**{len(self.errors)} broken promises**" if self.errors else "Everything held."
        rows = [f"| {name} | {value} |" for name, value in self.numbers.items()]
        lines = [f"## {self.title}", "", f"On {day} at commit `{commit}`, in {seconds / 60:.0f} minutes.", ""]
        lines += [self.about, ""] if self.about else []
        lines += [result, "", "| | |", "|---|---|", *rows]
        lines += ["", *(f"- {error}" for error in self.errors)] if self.errors else []
        return "\n".join(lines) + "\n"


def report(before: str, sections: list[str]) -> str:
    """Return the report, in which these sections replace those of the same title."""
    by_title = {text.partition("\n")[0]: text for text in [*_sections(before), *sections]}
    return "\n".join([HEAD, *by_title.values()])


def _sections(report: str) -> list[str]:
    return [f"## {text.rstrip()}\n" for text in report.split("\n## ")[1:]]
