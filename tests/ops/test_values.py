"""Ops on text, numbers and pauses give what a person would expect."""

from pathlib import Path
from typing import Any

import pytest

from umbel_core.catalogue import load_op

OPS = Path(__file__).parents[2] / "functions" / "ops"


@pytest.mark.parametrize(
    ("op", "given", "result"),
    [
        ("reverse", "hello", "olleh"),
        ("reverse", "", ""),
        ("upper", "straße", "STRASSE"),
        ("hash", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("hash", "é", "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"),
        ("sum", [1, 2, 3], 6),
        ("sum", [], 0),
        ("sum", [10**20, 1], 10**20 + 1),
        ("sum", [0.1] * 10, 1.0),
        ("wait", 0, 0),
    ],
)
def test_an_op_on_a_value_gives_what_it_promises(op: str, given: Any, result: Any) -> None:
    made = load_op(OPS, op)(given)
    assert made == result
    assert type(made) is type(result)
