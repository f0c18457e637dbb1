"""The fan-out's queue, as the relay sends to it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from umbel_core.pushing import Push

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LONGEST_BODY = 250_000
"""Bytes. SQS takes 1 MiB since August 2025, 256 KiB before; so many hold the tasks of any usual batch."""


class SqsFanout:
    """Hands pushes to the fan-out function."""

    def __init__(self, sqs: "Callable[[], SQSClient]", queue_url: str) -> None:
        """`sqs` returns the client. It is called at the first push: with few connections there is none."""
        self._sqs = sqs
        self._queue_url = queue_url

    def send(self, push: Push) -> None:
        """Send a push, in several messages when it is long or for many connections."""
        for part in push.by_connections():
            for body in part.encoded(_LONGEST_BODY):
                self._sqs().send_message(QueueUrl=self._queue_url, MessageBody=body.decode())
