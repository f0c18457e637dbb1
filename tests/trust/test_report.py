"""The report of `make trust`."""

from datetime import UTC, datetime

from tests.fuzz import generated
from tests.trust.section import Section, report

DAY = datetime(2026, 1, 31, tzinfo=UTC)


HELD = Section("Calls", {"calls": 5000, "server errors": 0}, [], "Calls are generated.")
BROKEN = Section("Faults", {"tasks": 2000}, ["task 7 was lost"])


def test_a_section_has_the_numbers_of_its_part_and_what_was_broken() -> None:
    assert HELD.text("abc123", 118, DAY) == (
        "## Calls\n\nOn 2026-01-31 at commit `abc123`, in 2 minutes.\n\nCalls are generated.\n\nEverything held.\n\n"
        "| | |\n|---|---|\n| calls | 5000 |\n| server errors | 0 |\n"
    )
    assert BROKEN.text("abc123", 118, DAY).endswith(
        "**1 broken promises**\n\n| | |\n|---|---|\n| tasks | 2000 |\n\n- task 7 was lost\n"
    )


def test_a_part_replaces_its_section_of_the_report() -> None:
    both = report("", [HELD.text("old", 60, DAY), BROKEN.text("old", 60, DAY)])
    newer = report(both, [HELD.text("new", 60, DAY)])
    assert newer == both.replace("`old`", "`new`", 1)


def test_the_generated_calls_are_counted_from_the_summary() -> None:
    assert generated("Test cases:\n  5123 generated, 5123 passed\n") == 5123
    assert generated("Test cases:\n  No test cases were generated\n") == 0
