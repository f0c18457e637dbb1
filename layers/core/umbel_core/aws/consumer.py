"""SQS -> a function: each message is processed, handed back when too little time is left, or retried after a pause."""

from collections.abc import Callable, Collection
from secrets import randbelow
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from umbel_core.aws.clients import AWS_ERRORS
from umbel_core.errors import LastAttemptError, Postponed, Transient
from umbel_core.lanes import BULK_SUFFIX, FIFO_SUFFIX
from umbel_core.sqs import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef, SendMessageRequestTypeDef

_LONGEST_PAUSE = 60


def seconds_to_timeout(remaining_ms: int) -> int:
    """Return after how many whole seconds this invocation has certainly timed out."""
    return remaining_ms // 1000 + 2


class SqsConsumer:
    """Takes messages from a function's queues. One that is not processed stays in its queue, so nothing can be lost."""

    def __init__(
        self, sqs: "SQSClient", queue_url: str, logger: Logger, needed_ms: float, dead_queue_url: str = ""
    ) -> None:
        """`queue_url` is the URL of the queue, of a fair lane's live queue; `needed_ms` is a message's longest time.

        `dead_queue_url` is the queue of its dead letters, for work that raises `LastAttemptError`.
        """
        self._sqs = sqs
        self._queue_url = queue_url
        self._logger = logger
        self._needed_ms = needed_ms
        self._dead_queue_url = dead_queue_url

    def show_at_timeout(
        self, messages: Collection[Message], remaining_ms: int, *, at_once: Collection[Message] = ()
    ) -> None:
        """Make the messages of a batch, at most ten, visible again when this invocation has timed out, some at once.

        The queue's own visibility is six times as long. It protects messages that wait for a throttled function; these
        are with one, and when it dies they would wait for nothing.
        """
        if not messages:
            return
        seconds = seconds_to_timeout(remaining_ms)
        entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
            {
                "Id": str(place),
                "ReceiptHandle": message.receipt_handle,
                "VisibilityTimeout": 0 if message in at_once else seconds,
            }
            for place, message in enumerate(messages)
        ]
        try:
            self._sqs.change_message_visibility_batch(QueueUrl=self._url(next(iter(messages))), Entries=entries)
        except AWS_ERRORS:
            self._logger.exception("visibility not changed", extra={"messages": len(entries)})

    def process(self, message: Message, remaining_ms: Callable[[], int], work: Callable[[str, int], object]) -> bool:
        """Pass body and receive count to `work`; return False when the message must be delivered again.

        An error of `work` is logged here, at the boundary of the batch, and ends this message only.
        """
        if not self.in_time(remaining_ms):
            self.hand_back(message)
            return False
        try:
            work(message.body, message.receives)
        except LastAttemptError:
            self._logger.exception("message given up", extra={"message_id": message.id, "receives": message.receives})
            return self._give_up(message)
        except Exception as error:
            self._logger.exception("message failed", extra={"message_id": message.id, "receives": message.receives})
            self.retry_later(message, message.receives, error)
            return False
        return True

    def _give_up(self, message: Message) -> bool:
        """Send a copy to the dead-letter queue; return False when that fails."""
        request: SendMessageRequestTypeDef = {"QueueUrl": self._dead_queue_url, "MessageBody": message.body}
        if self._dead_queue_url.endswith(FIFO_SUFFIX):
            # It keeps the first of the copies that a repeated call makes.
            request |= {"MessageGroupId": message.id, "MessageDeduplicationId": message.id}
        try:
            self._sqs.send_message(**request)
        except AWS_ERRORS as error:
            self._logger.exception("message not given up", extra={"message_id": message.id})
            self.retry_later(message, message.receives, error)
            return False
        return True

    def in_time(self, remaining_ms: Callable[[], int]) -> bool:
        """Return whether the time that is left is enough for one more message."""
        return remaining_ms() >= self._needed_ms

    def hand_back(self, message: Message) -> None:
        """Make the message visible at once, for another invocation."""
        self.show_after(message, 0)

    def retry_later(self, message: Message, receives: int, error: Exception | None = None) -> None:
        """Make the message visible when the error says so, else after 1, 2, 4… seconds for 1, 2, 3… receives.

        A minute is the longest pause, except of a postponed task: shown earlier, it would only use up receives.
        """
        pause = error.after_seconds if isinstance(error, Postponed | Transient) else None
        if pause is None:
            pause = 2 ** (receives - 1)
        if not isinstance(error, Postponed):
            pause = min(pause, _LONGEST_PAUSE)
        elif error.contended:
            pause += randbelow(pause * (2 * receives - 1) + 1)
        self.show_after(message, pause)

    def show_after(self, message: Message, seconds: int) -> None:
        """Make the message visible after so many seconds, unless it is deleted before."""
        try:
            self._sqs.change_message_visibility(
                QueueUrl=self._url(message), ReceiptHandle=message.receipt_handle, VisibilityTimeout=seconds
            )
        except AWS_ERRORS:
            # Raised, it would fail all messages of the batch. This one becomes visible all the same, after the queue's
            # own timeout.
            self._logger.exception("visibility not changed", extra={"message_id": message.id})

    def _url(self, message: Message) -> str:
        return f"{self._queue_url}{BULK_SUFFIX}" if message.queue.endswith(BULK_SUFFIX) else self._queue_url
