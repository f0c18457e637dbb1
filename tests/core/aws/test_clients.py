"""What a client does with answers that cannot be read, and with calls that fail."""

from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from urllib3.response import HTTPResponse

from umbel_core.aws import clients

ITEM = b'{"Item":{"pk":{"S":"JOB#1"}}}'


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between the tries of a call, without waiting for them."""
    made: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", made.append)
    return made


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> list[bytes | int]:
    """The bodies or statuses with which DynamoDB answers, one after another."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients.dynamodb.cache_clear()
    left: list[bytes | int] = []

    def answer(**_: Any) -> Any:  # botocore uses what a handler of this event returns
        body = left.pop(0)
        status, body = (body, b"{}") if isinstance(body, int) else (200, body)
        return AWSResponse("https://x", status, HTTPHeaders(), HTTPResponse(BytesIO(body), preload_content=False))

    clients.dynamodb().meta.events.register("before-send", answer)
    return left


def read() -> Any:
    return clients.dynamodb().get_item(TableName="ledger", Key={"pk": {"S": "JOB#1"}})


@pytest.mark.parametrize("length", [1, 10, 28])
def test_a_cut_answer_is_asked_for_again(answers: list[bytes | int], length: int) -> None:
    answers += [ITEM[:length], ITEM]
    assert read()["Item"] == {"pk": {"S": "JOB#1"}}


def test_cut_answers_do_not_pass_for_a_record_that_is_not_there(answers: list[bytes | int]) -> None:
    answers += [ITEM[:10]] * 3
    with pytest.raises(ResponseParserError):
        read()
    assert answers == []


def test_a_record_and_a_missing_record_are_read(answers: list[bytes | int]) -> None:
    answers += [ITEM, b"{}"]
    assert read()["Item"] == {"pk": {"S": "JOB#1"}}
    assert "Item" not in read()


def test_a_call_that_fails_again_and_again_ends_before_its_function_times_out(
    answers: list[bytes | int], pauses: list[float]
) -> None:
    answers += [503] * 3
    with pytest.raises(ClientError):
        read()
    assert (answers, len(pauses), sum(pauses) <= 3) == ([], 2, True)
