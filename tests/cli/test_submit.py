"""Tests of what `umbel run`, `batch` and `crawl` send, and of their JSON output."""

from typing import Any

import msgspec
import pytest

from tests.ops.running import CATALOGUE
from umbel.client import Client
from umbel.commands.submit import _body
from umbel.errors import UmbelError

OPS = [msgspec.to_builtins(CATALOGUE[name]) for name in ("reverse", "sum", "blur")]
TASK = {"id": "j1.0", "op": "reverse", "params": {}, "queued_at": "t", "started_at": "t", "a_field_to_come": 1}


class FakeApi(Client):
    """An API with two ops and one job."""

    def __init__(self) -> None:
        """Skip the real client's set-up: no request is sent."""

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answers = {"/ops": {"ops": OPS}, "/jobs/j1": {"id": "j1", "source": "s"}, "/jobs/j1/tasks": {"tasks": [TASK]}}
        return answers[path]


@pytest.mark.parametrize(
    ("op", "text", "sent"),
    [
        ("reverse", "hello", "hello"),
        ("reverse", "123", "123"),
        ("reverse", "null", "null"),
        ("reverse", '"12"', "12"),
        ("sum", "[1, 2]", [1, 2]),
    ],
)
def test_the_input_of_a_text_op_is_always_sent_as_text(op: str, text: str, sent: Any) -> None:
    assert _body(FakeApi(), op, text, {})["tasks"] == [{"op": op, "input": sent, "params": {}}]


@pytest.mark.parametrize("source", ["https://example.org/a.jpg", "HTTP://example.org/a", "uploads/a.jpg", "inputs/j1"])
def test_a_picture_that_is_not_a_file_is_a_url_or_a_key(source: str) -> None:
    assert _body(FakeApi(), "blur", source, {})["tasks"] == [{"op": "blur", "input": source, "params": {}}]


def test_a_picture_that_does_not_exist_is_named_before_anything_is_sent() -> None:
    with pytest.raises(UmbelError, match=r"there is no file 'none\.jpg' here"):
        _body(FakeApi(), "blur", "none.jpg", {})


def test_json_output_has_a_job_and_its_tasks_as_the_api_returns_them() -> None:
    assert FakeApi().whole("j1") == {"id": "j1", "source": "s", "tasks": [TASK]}
