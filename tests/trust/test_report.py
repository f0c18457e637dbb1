"""The report of `make trust`."""

from datetime import UTC, datetime

from tests.fuzz import generated
from tests.trust.section import Section, report

DAY = datetime(2026, 1, 31, tzinfo=UTC)


def test_a_report_has_the_numbers_of_each_part_and_what_was_broken() -> None:
    held = Section("Calls", {"calls": 5000, "server errors": 0}, [])
    broken = Section("Faults", {"tasks": 2000}, ["task 7 was lost"])
    text = report([held, broken], "abc123", DAY)
    assert "on 2026-01-31 at commit `abc123`" in text
    assert "## Calls\n\nEverything held.\n\n| | |\n|---|---|\n| calls | 5000 |\n| server errors | 0 |\n" in text
    assert text.endswith("**1 broken promises**\n\n| | |\n|---|---|\n| tasks | 2000 |\n\n- task 7 was lost\n")


def test_the_generated_calls_are_counted_from_the_summary() -> None:
    assert generated("Test cases:\n  5123 generated, 5123 passed\n") == 5123
    assert generated("Test cases:\n  No test cases were generated\n") == 0
