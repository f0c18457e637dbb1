"""The control run of the campaign works on a commit that has lost its condition."""

import ast

from tests.trust.control import AFTER, BEFORE, FILE
from umbel.paths import ROOT


def test_the_line_that_the_control_run_changes_is_in_the_ledger_once_and_can_be_changed() -> None:
    source = (ROOT / "layers" / "core" / FILE.removeprefix("python/")).read_text(encoding="utf-8")
    assert source.count(BEFORE) == 1
    ast.parse(source.replace(BEFORE, AFTER))
