"""S3 -> coordinator -> SNS: events of uploads wait in a queue, and the coordinator turns each into a planned job."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_notifications as notifications
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from coordinator.environment import CoordinatorEnvironment
from infra.function import FunctionFactory
from infra.ledger import LedgerConstruct
from infra.queue import Queue, dead_letter_queue
from umbel_core.ids import INPUTS_PREFIX, JOBS_PREFIX, UPLOADS_PREFIX
from umbel_core.lane_settings import MAX_RECEIVES_THROTTLED, VISIBILITY_PER_TIMEOUT
from umbel_core.settings import Limits

_TIMEOUT = 180
TICKER_TIMEOUT = 80
"""Seconds. The ticker reads the tasks that could not be delivered."""


class IntakeConstruct(Construct):
    """Events for two prefixes of the uploads bucket, a queue, the coordinator, the two tasks topics."""

    def __init__(
        self,
        scope: Construct,
        factory: FunctionFactory,
        ledger: LedgerConstruct,
        limits: Limits,
        alarms: sns.ITopic,
        coordinators: int,
    ) -> None:
        super().__init__(scope, "Intake")
        self.queue = Queue(
            self,
            "Events",
            name=f"{factory.prefix}-intake",
            visibility_seconds=6 * _TIMEOUT,
            receives=MAX_RECEIVES_THROTTLED,
            longest_wait=Duration.minutes(15),
            alarms=alarms,
        )
        for prefix in (UPLOADS_PREFIX, JOBS_PREFIX):
            ledger.uploads.add_event_notification(
                s3.EventType.OBJECT_CREATED,
                notifications.SqsDestination(self.queue.queue),
                s3.NotificationKeyFilter(prefix=prefix),
            )
        self.undelivered = [
            dead_letter_queue(
                Construct(self, f"Undelivered{kind}"),
                f"{factory.prefix}-{kind.lower()}",
                alarms,
                ordered=kind == "Ordered",
                visibility_seconds=VISIBILITY_PER_TIMEOUT * TICKER_TIMEOUT,
                description="SNS could not deliver a task to its lane",
            )
            for kind in ("Tasks", "Ordered")
        ]
        """Where SNS puts the tasks that it cannot deliver, of each topic."""
        self.topics = [
            sns.Topic(self, "Tasks", topic_name=f"{factory.prefix}-tasks", enforce_ssl=True),
            sns.Topic(self, "Ordered", topic_name=f"{factory.prefix}-ordered.fifo", fifo=True, enforce_ssl=True),
        ]
        """The topic of the plain lanes, and that of the ordered lanes."""
        for topic, queue in zip(self.topics, self.undelivered, strict=True):
            let_send(topic, queue)
        coordinator = factory.function(
            self,
            "coordinator",
            environment=CoordinatorEnvironment(
                uploads_bucket=ledger.uploads.bucket_name,
                ledger_table=ledger.table.table_name,
                intake_queue_url=self.queue.queue.queue_url,
                tasks_topic=self.topics[False].topic_arn,
                ordered_topic=self.topics[True].topic_arn,
                limits=limits,
            ),
            with_catalogue=True,
            timeout_seconds=_TIMEOUT,
        )
        coordinator.add_event_source(
            sources.SqsEventSource(
                self.queue.queue, batch_size=10, max_concurrency=coordinators, report_batch_item_failures=True
            )
        )
        ledger.uploads.grant_read(coordinator, f"{JOBS_PREFIX}*")
        ledger.uploads.grant_put(coordinator, f"{INPUTS_PREFIX}*")
        ledger.table.grant_read_write_data(coordinator)
        for topic in self.topics:
            topic.grant_publish(coordinator)


def let_send(topic: sns.ITopic, queue: sqs.Queue) -> None:
    """Allow the topic to send messages to the queue."""
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("sns.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": topic.topic_arn}},
        )
    )
