"""What `umbel run` and its like send, and what they give to programs."""

from typing import Any

import msgspec
import pytest

from tests.ops.running import CATALOGUE
from umbel.client import Client
from umbel.commands.submit import _body
from umbel.errors import UmbelError

OPS = [msgspec.to_builtins(CATALOGUE[name]) for name in ("reverse", "sum", "blur")]
TASK = {"id": "j1.0", "op": "reverse", "params": {}, "queued_at": "t", "started_at": "t", "a_field_to_come": 1}


class Answering(Client):
    """An API that knows two ops and one job."""

    def __init__(self) -> None:
        """No server is asked."""

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
def test_an_input_for_an_op_on_text_is_text_whatever_else_it_could_be(op: str, text: str, sent: Any) -> None:
    assert _body(Answering(), op, text, {})["tasks"] == [{"op": op, "input": sent, "params": {}}]


@pytest.mark.parametrize("source", ["https://example.org/a.jpg", "HTTP://example.org/a", "uploads/a.jpg", "inputs/j1"])
def test_a_picture_that_is_not_a_file_is_an_address_or_a_key(source: str) -> None:
    assert _body(Answering(), "blur", source, {})["tasks"] == [{"op": "blur", "input": source, "params": {}}]


def test_a_picture_that_is_nowhere_is_named_before_anything_is_sent() -> None:
    with pytest.raises(UmbelError, match=r"there is no file 'none\.jpg' here"):
        _body(Answering(), "blur", "none.jpg", {})


def test_programs_get_a_job_and_its_tasks_as_the_api_has_them() -> None:
    assert Answering().whole("j1") == {"id": "j1", "source": "s", "tasks": [TASK]}
