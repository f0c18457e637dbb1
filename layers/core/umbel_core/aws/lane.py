"""One op's queue, as its worker sees it."""

from typing import Any

_LONGEST_PAUSE = 60


class SqsLane:
    """Puts off what failed; the message itself stays where it is, so nothing can be lost."""

    def __init__(self, sqs: Any, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def hand_back(self, receipt_handle: str) -> None:
        """Show the message again at once: this run does not come to it."""
        self._show_after(receipt_handle, 0)

    def retry_later(self, receipt_handle: str, attempts: int) -> None:
        """Show the message again after 1, 2, 4… seconds, a minute at most."""
        self._show_after(receipt_handle, min(2 ** (attempts - 1), _LONGEST_PAUSE))

    def _show_after(self, receipt_handle: str, seconds: int) -> None:
        self._sqs.change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )
