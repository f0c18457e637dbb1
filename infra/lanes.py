"""SNS -> SQS -> op: one lane per op, with its own queue, function, role and reserved concurrency."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.function import ASSETS, FUNCTIONS, FunctionFactory
from infra.intake import IntakeConstruct
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


class Lane(Construct):
    """One op's queue and function."""

    def __init__(
        self,
        scope: Construct,
        factory: FunctionFactory,
        intake: IntakeConstruct,
        ledger: LedgerConstruct,
        card: OpCard,
        settings: LaneSettings,
        limits: Limits,
        alarms: sns.ITopic,
    ) -> None:
        super().__init__(scope, f"Lane-{card.name}")
        name = lane_name(factory.prefix, card.name)
        self.queue = Queue(
            self,
            "Tasks",
            name=name,
            visibility_seconds=settings.visibility_seconds,
            receives=settings.max_receives,
            alarms=alarms,
            ordered=card.compute.ordered,
        )
        topic = intake.ordered if card.compute.ordered else intake.topic
        topic.add_subscription(
            subscriptions.SqsSubscription(
                self.queue.queue,
                raw_message_delivery=True,
                dead_letter_queue=intake.undelivered[card.compute.ordered],
                filter_policy={"op": sns.SubscriptionFilter.string_filter(allowlist=[card.name])},
            )
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
            plain=_LEAN_MALLOC if "imaging" in layers else None,
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
        ledger.table.grant(worker, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem")
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


def lane_name(prefix: str, op: str) -> str:
    """Return the name of an op's function and queue, by which the API finds the lane."""
    return f"{prefix}-op-{op}"


def grant_read_lanes(function: lambda_.Function, prefix: str) -> None:
    """Allow a function to read the settings of the lanes and the number of messages in their queues."""
    stack = Stack.of(function)
    for statement in (
        iam.PolicyStatement(actions=["lambda:GetFunctionConcurrency"], resources=[lane_functions(stack, prefix)]),
        iam.PolicyStatement(
            actions=["sqs:GetQueueUrl", "sqs:GetQueueAttributes"], resources=[lane_queues(stack, prefix)]
        ),
        # This action does not support resource-level permissions.
        iam.PolicyStatement(actions=["lambda:ListEventSourceMappings"], resources=["*"]),
    ):
        function.add_to_role_policy(statement)


def lane_functions(stack: Stack, prefix: str) -> str:
    """Return the ARN pattern of the functions of all lanes, for policies."""
    return stack.format_arn(
        service="lambda", resource="function", resource_name=f"{prefix}*", arn_format=ArnFormat.COLON_RESOURCE_NAME
    )


def lane_queues(stack: Stack, prefix: str) -> str:
    """Return the ARN pattern of the queues of all lanes, for policies."""
    return stack.format_arn(service="sqs", resource=f"{prefix}*")
