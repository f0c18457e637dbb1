"""The coordinator's queue, for commands on jobs that are in the ledger already."""

from typing import Any

import msgspec

from umbel_core.messages import RetryTasks


class SqsIntake:
    """Where the API asks the coordinator for something."""

    def __init__(self, sqs: Any, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def retry(self, command: RetryTasks) -> None:
        """Have tasks started over."""
        self.again(msgspec.json.encode(command).decode())

    def again(self, body: str) -> None:
        """Put a message back as it was."""
        self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=body)
