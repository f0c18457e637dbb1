"""SQS queue -> dead-letter queue: every queue of the stack has one, with an alarm on it."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from umbel_core.lanes import FIFO_SUFFIX

DEAD_SUFFIX = "-dead"


class Queue(Construct):
    """A queue with a dead-letter queue, and an alarm when that receives a message."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the CDK's word
        *,
        name: str,
        visibility_seconds: int,
        receives: int,
        alarms: sns.ITopic,
        ordered: bool = False,
    ) -> None:
        super().__init__(scope, id)
        # The dead-letter queue of a FIFO queue must be FIFO too. CloudFormation does not accept "false" here.
        fifo = True if ordered else None
        ending = FIFO_SUFFIX if ordered else ""
        self.dead = sqs.Queue(
            self,
            "Dead",
            queue_name=f"{name}{DEAD_SUFFIX}{ending}",
            retention_period=Duration.days(14),
            visibility_timeout=Duration.minutes(2),
            fifo=fifo,
            enforce_ssl=True,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{name}{ending}",
            fifo=fifo,
            retention_period=Duration.days(14),
            visibility_timeout=Duration.seconds(visibility_seconds),
            receive_message_wait_time=Duration.seconds(20),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=receives),
            enforce_ssl=True,
        )
        # The dead-letter function empties the queue within seconds, so the alarm counts receives, not visible messages.
        alarm(
            self, "GivenUp", f"A message of {name} was given up", self.dead.metric_number_of_messages_received(), alarms
        )


def alarm(
    scope: Construct,
    id: str,  # noqa: A002 - the CDK's word
    description: str,
    metric: cloudwatch.Metric,
    alarms: sns.ITopic,
) -> cloudwatch.Alarm:
    """Create an alarm that fires when the metric's sum over five minutes is at least one."""
    made = cloudwatch.Alarm(
        scope,
        id,
        alarm_description=description,
        metric=metric.with_(statistic="Sum", period=Duration.minutes(5)),
        threshold=1,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    made.add_alarm_action(actions.SnsAction(alarms))
    return made
