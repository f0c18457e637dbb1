"""A queue, as the function that consumes it uses it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LONGEST_PAUSE = 60


class SqsLane:
    """Sets when a message becomes visible again. The message itself stays in its queue, so nothing can be lost."""

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def hand_back(self, receipt_handle: str) -> None:
        """Make the message visible at once, for another invocation."""
        self._show_after(receipt_handle, 0)

    def retry_later(self, receipt_handle: str, receives: int) -> None:
        """Make the message visible after 1, 2, 4… seconds, at most a minute."""
        self._show_after(receipt_handle, min(2 ** (receives - 1), _LONGEST_PAUSE))

    def _show_after(self, receipt_handle: str, seconds: int) -> None:
        self._sqs.change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )
