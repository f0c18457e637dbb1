"""An answer of AWS that cannot be read is an error, and not an empty answer."""

from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.parsers import ResponseParserError
from urllib3.response import HTTPResponse

from umbel_core.aws import clients

ITEM = b'{"Item":{"pk":{"S":"JOB#1"}}}'


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies with which DynamoDB answers, one after another."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    clients.dynamodb.cache_clear()
    left: list[bytes] = []

    def answer(**_: Any) -> Any:  # botocore uses what a handler of this event returns
        return AWSResponse("https://x", 200, HTTPHeaders(), HTTPResponse(BytesIO(left.pop(0)), preload_content=False))

    clients.dynamodb().meta.events.register("before-send", answer)
    return left


def read() -> Any:
    return clients.dynamodb().get_item(TableName="ledger", Key={"pk": {"S": "JOB#1"}})


@pytest.mark.parametrize("length", [1, 10, 28])
def test_a_cut_answer_is_asked_for_again(answers: list[bytes], length: int) -> None:
    answers += [ITEM[:length], ITEM]
    assert read()["Item"] == {"pk": {"S": "JOB#1"}}


def test_cut_answers_do_not_pass_for_a_record_that_is_not_there(answers: list[bytes]) -> None:
    answers += [ITEM[:10]] * 4
    with pytest.raises(ResponseParserError):
        read()
    assert answers == []


def test_a_record_and_a_missing_record_are_read(answers: list[bytes]) -> None:
    answers += [ITEM, b"{}"]
    assert read()["Item"] == {"pk": {"S": "JOB#1"}}
    assert "Item" not in read()
