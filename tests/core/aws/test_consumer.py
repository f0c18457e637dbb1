"""A queue's consumer: time that is left, errors that end one message only, and pauses before the next delivery."""

from collections.abc import Callable
from heapq import heappop, heappush
from math import ceil
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import EndpointConnectionError
from botocore.parsers import ResponseParserError

from tests.core.aws.stubs import stubbed
from umbel_core.aws.consumer import SqsConsumer
from umbel_core.errors import LastAttemptError, Postponed, Transient
from umbel_core.lane_settings import MAX_RECEIVES_THROTTLED
from umbel_core.sqs import Message, failure_response, read_messages

MESSAGE = Message(id="m1", body="{}", receives=3, receipt_handle="r1", queue="lane")
EVENT = {
    "Records": [
        {
            "messageId": "m1",
            "receiptHandle": "r1",
            "body": "{}",
            "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1"},
            "messageAttributes": {},
            "md5OfBody": "x",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:lane",
            "awsRegion": "us-east-1",
        }
    ]
}


def visible_after(seconds: int) -> dict[str, Any]:
    return {"QueueUrl": "https://queue", "ReceiptHandle": "r1", "VisibilityTimeout": seconds}


def consumer(sqs: Any) -> SqsConsumer:
    return SqsConsumer(sqs, "https://queue", Logger(service="test"), needed_ms=1000)


def test_a_message_of_the_bulk_queue_is_handed_back_there() -> None:
    bulk = msgspec.structs.replace(MESSAGE, queue="lane-bulk")
    with stubbed("sqs") as sqs:
        sqs.answer("change_message_visibility")
        consumer(sqs.client).hand_back(bulk)
    assert sqs.only["QueueUrl"] == "https://queue-bulk"


def milliseconds(left: int) -> Callable[[], int]:
    return lambda: left


def test_an_event_of_lambda_is_read() -> None:
    assert read_messages(EVENT) == [MESSAGE]


def test_only_failed_messages_are_delivered_again() -> None:
    assert failure_response([MESSAGE]) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert failure_response([]) == {"batchItemFailures": []}


def test_work_gets_the_body_and_the_receive_count() -> None:
    seen: list[tuple[str, int]] = []
    with stubbed("sqs") as sqs:
        assert consumer(sqs.client).process(MESSAGE, milliseconds(1000), lambda *given: seen.append(given))
    assert seen == [("{}", 3)]


def test_a_message_is_handed_back_at_once_when_too_little_time_is_left() -> None:
    with stubbed("sqs") as sqs:
        sqs.answer("change_message_visibility")
        assert not consumer(sqs.client).process(MESSAGE, milliseconds(999), lambda *_: pytest.fail("it was processed"))
    assert sqs.only == visible_after(0)


@pytest.mark.parametrize(("receives", "pause"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (50, 60)])
def test_a_failed_message_is_visible_again_after_a_pause_that_doubles(receives: int, pause: int) -> None:
    message = Message(id="m1", body="{}", receives=receives, receipt_handle="r1")

    def fail(*_: object) -> None:
        raise RuntimeError

    with stubbed("sqs") as sqs:
        sqs.answer("change_message_visibility")
        assert not consumer(sqs.client).process(message, milliseconds(1000), fail)
    assert sqs.only == visible_after(pause)


def _give_up(*_: object) -> None:
    raise LastAttemptError("OSError: broken")


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("https://dead", {}),
        ("https://dead.fifo", {"MessageGroupId": "m1", "MessageDeduplicationId": "m1"}),
    ],
)
def test_a_message_that_is_given_up_goes_to_the_dead_letter_queue_and_is_not_delivered_again(
    url: str, names: dict[str, str]
) -> None:
    with stubbed("sqs") as sqs:
        sqs.answer("send_message")
        lane = SqsConsumer(sqs.client, "https://queue", Logger(service="test"), 1000, url)
        assert lane.process(MESSAGE, milliseconds(1000), _give_up)
    assert sqs.only == {"QueueUrl": url, "MessageBody": "{}", **names}


def test_a_message_whose_dead_letter_was_not_sent_is_delivered_again() -> None:
    with stubbed("sqs") as sqs:
        sqs.refuse("send_message", "ThrottlingException")
        sqs.answer("change_message_visibility")
        lane = SqsConsumer(sqs.client, "https://queue", Logger(service="test"), 1000, "https://dead")
        assert not lane.process(MESSAGE, milliseconds(1000), _give_up)


@pytest.mark.parametrize("error", [EndpointConnectionError(endpoint_url="x"), ResponseParserError("half an answer")])
def test_a_message_whose_visibility_call_has_no_answer_does_not_fail_its_batch(error: Exception) -> None:
    class Unreachable:
        def change_message_visibility(self, **_: object) -> None:
            raise error

    assert not consumer(Unreachable()).process(MESSAGE, milliseconds(0), lambda *_: None)


def test_messages_are_visible_again_when_their_invocation_has_timed_out() -> None:
    with stubbed("sqs") as sqs:
        sqs.answer("change_message_visibility_batch", Successful=[], Failed=[])
        consumer(sqs.client).show_at_timeout([MESSAGE, MESSAGE], 179_500)
    entries = [{"Id": number, "ReceiptHandle": MESSAGE.receipt_handle, "VisibilityTimeout": 181} for number in "01"]
    assert sqs.only == {"QueueUrl": visible_after(181)["QueueUrl"], "Entries": entries}


def test_messages_that_are_handed_back_are_visible_at_once_by_the_same_call() -> None:
    later = msgspec.structs.replace(MESSAGE, id="m2", receipt_handle="r2")
    with stubbed("sqs") as sqs:
        sqs.answer("change_message_visibility_batch", Successful=[], Failed=[])
        consumer(sqs.client).show_at_timeout([MESSAGE, later], 9_500, at_once=[later])
    assert [entry["VisibilityTimeout"] for entry in sqs.only["Entries"]] == [11, 0]


def test_messages_whose_visibility_cannot_be_changed_are_processed_all_the_same() -> None:
    with stubbed("sqs") as sqs:
        sqs.refuse("change_message_visibility_batch", "ServiceUnavailable")
        consumer(sqs.client).show_at_timeout([MESSAGE], 1000)


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        *((Transient("host_busy", "Later.", after_seconds=asked), min(asked, 60)) for asked in (0, 7, 60, 61)),
        *((Postponed("Later.", asked), asked) for asked in (0, 7, 61, 900)),
    ],
)
def test_a_message_is_visible_again_when_its_error_says_so(error: Exception, pause: int) -> None:
    """A copy that came back before the attempt of fifteen minutes is over would become a dead letter meanwhile."""

    def fail(error: Exception) -> None:
        raise error

    with stubbed("sqs") as sqs:
        sqs.answer("change_message_visibility")
        assert not consumer(sqs.client).process(MESSAGE, milliseconds(1000), lambda *_: fail(error))
    assert sqs.only == visible_after(pause)


@pytest.mark.parametrize("crowd", [2, 16, 64])
@pytest.mark.parametrize("delay", [0.6, 1, 20])
def test_messages_that_wait_for_one_host_do_not_use_up_their_receives(crowd: int, delay: float) -> None:
    """One of them gets the host, then nobody for `delay` seconds."""
    waiting = [(0.0, number, 1) for number in range(crowd)]
    free_at, most = 0.0, 0
    pauses: list[int] = []
    sqs = SimpleNamespace(change_message_visibility=lambda **call: pauses.append(call["VisibilityTimeout"]))
    while waiting:
        now, number, receives = heappop(waiting)
        most = max(most, receives)
        if now >= free_at:
            free_at = now + delay
            continue
        error = Postponed("The host is busy.", ceil(free_at - now), contended=True)
        consumer(sqs).retry_later(MESSAGE, receives, error)
        assert error.after_seconds <= pauses[-1] <= 2 * receives * error.after_seconds
        heappush(waiting, (now + pauses[-1], number, receives + 1))
    assert most <= MAX_RECEIVES_THROTTLED


def test_a_message_whose_visibility_cannot_be_changed_does_not_fail_its_batch() -> None:
    with stubbed("sqs") as sqs:
        sqs.refuse("change_message_visibility", "ReceiptHandleIsInvalid")
        assert not consumer(sqs.client).process(MESSAGE, milliseconds(0), lambda *_: None)
