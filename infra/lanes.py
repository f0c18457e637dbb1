"""SNS -> SQS -> op: one lane per op, with its own queue, function, role and reserved concurrency."""

from aws_cdk import Duration, NestedStack
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.dead_letters import DeadLettersConstruct
from infra.function import ASSETS, FUNCTIONS, FunctionFactory
from infra.intake import IntakeConstruct, let_send
from infra.lane_names import lane_name
from infra.ledger import LedgerConstruct
from infra.packages import packages_of
from infra.queue import Queue
from umbel_core.catalogue import asset_params
from umbel_core.input_types import layers_for
from umbel_core.lane_settings import LaneSettings
from umbel_core.op import OpCard
from umbel_core.settings import Limits
from worker.environment import WorkerEnvironment

_LEAN_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "1073741824"}
"""Makes glibc keep freed memory instead of returning it to the system: decoding 12 MP takes a third less time."""

_NO_METRICS = {"POWERTOOLS_METRICS_DISABLED": "true"}


class Lane(NestedStack):
    """One op's queue and function.

    A lane is a nested stack, so that the stack itself has one resource an op: CloudFormation allows 500 in a stack.
    """

    def __init__(
        self,
        scope: Construct,
        factory: FunctionFactory,
        intake: IntakeConstruct,
        ledger: LedgerConstruct,
        dead_letters: DeadLettersConstruct,
        card: OpCard,
        settings: LaneSettings,
        limits: Limits,
        alarms: sns.ITopic,
        *,
        with_metrics: bool = True,
    ) -> None:
        super().__init__(scope, f"Lane-{card.name}", description=f"Umbel: the lane of the op '{card.name}'")
        name = lane_name(factory.prefix, card.name)
        self.queue = Queue(
            self,
            "Tasks",
            name=name,
            visibility_seconds=settings.visibility_seconds,
            receives=settings.max_receives,
            longest_wait=Duration.hours(1),
            alarms=alarms,
            ordered=card.compute.ordered,
        )
        dead_letters.read(self, self.queue)
        topic = intake.topics[card.compute.ordered]
        let_send(topic, self.queue.queue)
        # The CDK's own subscription would depend on the topic, which a nested stack cannot.
        sns.CfnSubscription(
            self,
            "Subscription",
            topic_arn=topic.topic_arn,
            protocol="sqs",
            endpoint=self.queue.queue.queue_arn,
            raw_message_delivery=True,
            filter_policy={"op": [card.name]},
            redrive_policy={"deadLetterTargetArn": intake.undelivered[card.compute.ordered].queue_arn},
        )
        source = factory.ops / f"{card.name}.py"
        layers = layers_of(card)
        worker = factory.function(
            self,
            "worker",
            name=f"op-{card.name}",
            sources=[FUNCTIONS / "worker", source, *([ASSETS] if asset_params(card.params) else [])],
            environment=WorkerEnvironment(
                op=card.name,
                deployment=factory.prefix,
                uploads_bucket=ledger.uploads.bucket_name,
                results_bucket=ledger.results.bucket_name,
                ledger_table=ledger.table.table_name,
                lane_queue_url=self.queue.queue.queue_url,
                limits=limits,
            ),
            layers=layers,
            packages=packages_of(card, source, layers),
            memory_mb=card.compute.memory_mb,
            timeout_seconds=card.compute.timeout_seconds,
            reserved=settings.reserved,
            plain=(_LEAN_MALLOC if "imaging" in layers else {}) | ({} if with_metrics else _NO_METRICS),
        )
        worker.add_event_source(
            sources.SqsEventSource(
                self.queue.queue,
                batch_size=card.compute.batch,
                max_concurrency=settings.cap,
                enabled=settings.enabled,
                report_batch_item_failures=True,
            )
        )
        reads = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
        ledger.table.grant(worker, *reads, "dynamodb:UpdateItem")
        if "fetching" in layers:
            # The circuit breaker creates an item when a host fails, and deletes it when the host works again.
            ledger.table.grant(worker, "dynamodb:PutItem", "dynamodb:DeleteItem")
        self.queue.queue.grant(worker, "sqs:ChangeMessageVisibility")
        if card.carrier == "file":
            ledger.uploads.grant_read(worker)
        if card.returns == "picture":
            ledger.results.grant_put(worker)


def layers_of(card: OpCard) -> tuple[str, ...]:
    """Return the names of the layers of an op's lane, without the layer of the packages in `needs`."""
    returned = ("imaging",) if card.returns == "picture" else ()
    return tuple(dict.fromkeys(("core", *layers_for(card.takes), *returned)))
