"""S3 -> coordinator -> SNS: events of uploads wait in a queue, and the coordinator turns each into a planned job."""

from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_notifications as notifications
from aws_cdk import aws_sns as sns
from constructs import Construct

from coordinator.environment import CoordinatorEnvironment
from infra.function import FunctionFactory
from infra.ledger import LedgerConstruct
from infra.queue import Queue, dead_letter_queue
from umbel_core.ids import INPUTS_PREFIX, JOBS_PREFIX, UPLOADS_PREFIX
from umbel_core.lane_settings import MAX_RECEIVES_THROTTLED, VISIBILITY_PER_TIMEOUT
from umbel_core.settings import Limits

_TIMEOUT = 180
_CAP = 4
TICKER_TIMEOUT = 80
"""Seconds. The ticker reads the tasks that could not be delivered."""


class IntakeConstruct(Construct):
    """Events for two prefixes of the uploads bucket, a queue, the coordinator, the two tasks topics."""

    def __init__(
        self, scope: Construct, factory: FunctionFactory, ledger: LedgerConstruct, limits: Limits, alarms: sns.ITopic
    ) -> None:
        super().__init__(scope, "Intake")
        self.queue = Queue(
            self,
            "Events",
            name=f"{factory.prefix}-intake",
            visibility_seconds=6 * _TIMEOUT,
            receives=MAX_RECEIVES_THROTTLED,
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
        """Where SNS puts tasks that it cannot deliver: those of the topic, and those of the ordered topic."""
        self.topic = sns.Topic(self, "Tasks", topic_name=f"{factory.prefix}-tasks", enforce_ssl=True)
        self.ordered = sns.Topic(
            self, "Ordered", topic_name=f"{factory.prefix}-ordered.fifo", fifo=True, enforce_ssl=True
        )
        coordinator = factory.function(
            self,
            "coordinator",
            environment=CoordinatorEnvironment(
                uploads_bucket=ledger.uploads.bucket_name,
                ledger_table=ledger.table.table_name,
                intake_queue_url=self.queue.queue.queue_url,
                tasks_topic=self.topic.topic_arn,
                ordered_topic=self.ordered.topic_arn,
                limits=limits,
            ),
            with_catalogue=True,
            timeout_seconds=_TIMEOUT,
        )
        coordinator.add_event_source(
            sources.SqsEventSource(
                self.queue.queue, batch_size=10, max_concurrency=_CAP, report_batch_item_failures=True
            )
        )
        ledger.uploads.grant_read(coordinator, f"{JOBS_PREFIX}*")
        ledger.uploads.grant_put(coordinator, f"{INPUTS_PREFIX}*")
        ledger.table.grant_read_write_data(coordinator)
        self.topic.grant_publish(coordinator)
        self.ordered.grant_publish(coordinator)
