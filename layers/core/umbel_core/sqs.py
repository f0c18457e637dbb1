"""A batch of SQS messages, as Lambda delivers it to a function."""

from collections.abc import Iterable
from typing import Any

import msgspec

from umbel_core.trace import trace_id_in


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a batch."""

    id: str
    body: str
    receives: int
    """How often the message was received, this time included."""
    receipt_handle: str = ""
    queue: str = ""
    """The queue's name."""
    trace_id: str = ""
    """Empty when AWS passed none on: a sender that X-Ray does not trace has none."""


def read_messages(event: dict[str, Any]) -> list[Message]:
    """Return the messages of a function's event."""
    return [
        Message(
            id=record["messageId"],
            body=record["body"],
            receives=int(record["attributes"]["ApproximateReceiveCount"]),
            receipt_handle=record["receiptHandle"],
            queue=record["eventSourceARN"].rpartition(":")[2],
            trace_id=trace_id_in(record["attributes"].get("AWSTraceHeader")),
        )
        for record in event["Records"]
    ]


def failure_response(failed: Iterable[Message]) -> dict[str, list[dict[str, str]]]:
    """Return the function's answer: SQS deletes all messages of the batch but these."""
    return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}
