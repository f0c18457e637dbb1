"""SQS queue -> dead-letter queue: every queue of the stack has one, with an alarm on it."""

from aws_cdk import Duration
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarms import alarm
from umbel_core.lanes import FIFO_SUFFIX

DEAD_SUFFIX = "-dead"
_RETENTION = Duration.days(14)
"""The most that SQS allows. The sweeper publishes a task again a day before its message would expire."""


class Queue(Construct):
    """A queue with a dead-letter queue, and alarms: when that receives a message, and when one waits for too long.

    `dead` is the dead-letter queue of another queue, when both share it.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the CDK's word
        *,
        name: str,
        visibility_seconds: int,
        receives: int,
        longest_wait: Duration,
        alarms: sns.ITopic,
        ordered: bool = False,
        dead: sqs.Queue | None = None,
        retention: Duration = _RETENTION,
        dead_is_read: bool = True,
    ) -> None:
        """`dead_is_read` is False when no function reads the dead-letter queue: it is for people to look at."""
        super().__init__(scope, id)
        # CloudFormation does not accept "false" here.
        fifo = True if ordered else None
        ending = FIFO_SUFFIX if ordered else ""
        self.dead = dead or dead_letter_queue(self, name, alarms, ordered=ordered, is_read=dead_is_read)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{name}{ending}",
            fifo=fifo,
            retention_period=retention,
            visibility_timeout=Duration.seconds(visibility_seconds),
            receive_message_wait_time=Duration.seconds(20),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=receives),
            enforce_ssl=True,
        )
        age = self.queue.metric_approximate_age_of_oldest_message()
        description = f"A message of {name} waits for more than {longest_wait.to_minutes():.0f} minutes"
        alarm(self, "Waits", description, age, alarms, above=longest_wait.to_seconds(), statistic="Maximum")


def dead_letter_queue(
    scope: Construct,
    name: str,
    alarms: sns.ITopic,
    *,
    ordered: bool = False,
    visibility_seconds: int = 120,
    description: str = "",
    is_read: bool = True,
) -> sqs.Queue:
    """Create the dead-letter queue of a queue or of a topic's subscriptions, with its alarm.

    That of a FIFO queue or topic must be FIFO too.
    """
    dead = sqs.Queue(
        scope,
        "Dead",
        queue_name=f"{name}{DEAD_SUFFIX}{FIFO_SUFFIX if ordered else ''}",
        retention_period=_RETENTION,
        visibility_timeout=Duration.seconds(visibility_seconds),
        fifo=True if ordered else None,
        enforce_ssl=True,
    )
    description = description or f"A message of {name} was given up"
    if is_read:
        # A function empties the queue within seconds, so the alarm counts receives, not visible messages.
        alarm(scope, "LastAttemptError", description, dead.metric_number_of_messages_received(), alarms)
    else:
        visible = dead.metric_approximate_number_of_messages_visible()
        alarm(scope, "LastAttemptError", description, visible, alarms, statistic="Maximum")
    return dead
