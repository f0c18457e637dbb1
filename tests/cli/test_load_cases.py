"""Tests of load cases: random inputs for every op, whose results are checked where they are known."""

import base64
from typing import Any

import msgspec
import pytest

from tests.ops.running import CATALOGUE, OPS, run
from umbel.load import LoadPeriod
from umbel.load_cases import LoadCase, load_case
from umbel_core.catalogue import load_op
from umbel_core.settings import Limits
from umbel_core.submission import read_submission


@pytest.mark.parametrize("op", [name for name, card in CATALOGUE.items() if card.carrier != "url"])
def test_a_load_case_is_accepted_by_its_op_and_its_result_is_correct(op: str) -> None:
    for _ in range(20 if CATALOGUE[op].carrier != "file" else 2):
        made = load_case(msgspec.to_builtins(CATALOGUE[op]))
        assert made is not None
        _, body = made.request()
        submission = read_submission(msgspec.json.encode(body), CATALOGUE, Limits())
        assert [spec.op for spec in submission.specs] == [op]
        if op != "wait":
            assert made.is_right(_answer(op, body, made))


def test_random_load_cases_fetch_no_pages() -> None:
    assert load_case(msgspec.to_builtins(CATALOGUE["fetch"])) is None


def test_a_wrong_result_is_recognised() -> None:
    made = LoadCase(op="sum", payload=[1, 2], expected=3)
    assert [made.is_right(answer) for answer in (3, 3.0, 4, None, "3")] == [True, True, False, False, False]
    assert LoadCase(op="new", payload="x").is_right("anything")


def test_period_stats_add_up() -> None:
    one, other = LoadPeriod(sent=3), LoadPeriod(sent=2)
    for verdict, took in (("right", 10.0), ("wrong", 30.0)):
        one.take(verdict, took)  # type: ignore[arg-type]
    other.take("lost", 60_000.0)
    both = one + other
    assert (both.sent, both.right, both.wrong, both.failed, both.lost, both.waiting) == (5, 1, 1, 0, 1, 2)
    assert (both.average_ms, both.worst_ms) == (20.0, 30.0)


def _answer(op: str, body: dict[str, Any], made: LoadCase) -> Any:
    if made.is_file:
        return run(op, base64.b64decode(body["image_data"]), **body["params"])
    return load_op(OPS, op)(body["payload"])
