"""Tasks as messages that the services take."""

from typing import Any

import msgspec

from umbel_core.aws.tasks import SnsTasks
from umbel_core.messages import RunTask


class Sns:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def publish_batch(self, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's words
        self.messages += [entry["Message"] for entry in PublishBatchRequestEntries]
        return {}


def test_text_that_no_message_may_carry_arrives_whole() -> None:
    sns = Sns()
    command = RunTask(job_id="j", index=0, op="say", variant="say", input="\0 a\uffff\ufffe 🌿 \\uffff")
    SnsTasks(sns, "topic", "ordered", ()).publish([command])
    (message,) = sns.messages
    assert not {"\0", "\ufffe", "\uffff"} & set(message)
    assert msgspec.json.decode(message, type=RunTask) == command
