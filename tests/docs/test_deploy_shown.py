"""docs/deploy.md shows what `umbel doctor --aws` says about an account's limit."""

import re

import pytest

from tests.cli.test_quota import FakeAccount
from tests.docs.reading import ROOT
from umbel.quota import judge

ROWS = re.findall(
    r"^\| (\d+)(, `reserve=false`)? \| ([✓✗]) (.+) \|$", (ROOT / "docs/deploy.md").read_text(), re.MULTILINE
)


def _without_numbers(sentence: str) -> str:
    return re.sub(r"\b(\d+|N)\b", "#", sentence)


@pytest.mark.parametrize(("limit", "unreserved", "mark", "shown"), ROWS)
def test_a_limit_is_judged_as_the_document_shows(limit: str, unreserved: str, mark: str, shown: str) -> None:
    found = judge(FakeAccount(int(limit)), {"blur": 4, "fetch": 8}, reserve=not unreserved)
    assert (found.good, _without_numbers(found.sentence)) == (mark == "✓", _without_numbers(shown))


def test_the_document_shows_three_limits() -> None:
    assert len(ROWS) == 3
