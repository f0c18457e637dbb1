"""The coordinator's queue, as those who send to it use it."""

from typing import TYPE_CHECKING

import msgspec

from umbel_core.messages import JobCommand

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType


class SqsIntake:
    """Sends commands on existing jobs to the coordinator, and dead letters back to it."""

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def retry(self, command: JobCommand) -> None:
        """Have the coordinator start tasks over, publish them again, or publish the next ones."""
        self.again(msgspec.json.encode(command).decode())

    def waiting(self) -> int:
        """Return about how many messages wait."""
        name: QueueAttributeNameType = "ApproximateNumberOfMessages"
        found = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=[name])
        return int(found["Attributes"][name])

    def again(self, body: str) -> None:
        """Send a message once more, unchanged."""
        self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=body)
