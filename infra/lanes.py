"""SNS -> SQS -> op: one lane per op, with its own queues, function, role and reserved concurrency.

Fused recipes have one more, which has all of their ops.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from aws_cdk import Duration, NestedStack
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.dead_letters import DeadLettersConstruct
from infra.function import ASSETS, FUNCTIONS, FunctionFactory
from infra.intake import IntakeConstruct, let_send
from infra.lane_names import lane_name
from infra.ledger import LedgerConstruct
from infra.packages import packages_of
from infra.queue import Queue
from umbel_core.catalogue import asset_params
from umbel_core.fused_lane import FusedLane
from umbel_core.input_types import layers_for
from umbel_core.lane_settings import LaneSettings
from umbel_core.lanes import BULK_SUFFIX
from umbel_core.messages import BULK, LIVE
from umbel_core.op import OpCard
from umbel_core.settings import Limits
from worker.environment import WorkerEnvironment

_LEAN_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "1073741824"}
"""Makes glibc keep freed memory instead of returning it to the system: decoding 12 MP takes a third less time."""

_NO_METRICS = {"POWERTOOLS_METRICS_DISABLED": "true"}


class _Entry(NamedTuple):
    """A way into a lane: messages that the filter selects -> queue -> mapping -> the op's function."""

    queue: Queue
    subscription: str
    filter: dict[str, Any]
    cap: int


class Lane(NestedStack):
    """One op's queues and function: a queue for live tasks and one for bulk, or a single one.

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
        fused: Sequence[OpCard] = (),
        with_metrics: bool = True,
    ) -> None:
        """`fused` are the ops of the lane of fused recipes, whose card is `card`."""
        what = "fused recipes" if fused else f"the op '{card.name}'"
        super().__init__(scope, f"Lane-{card.name}", description=f"Umbel: the lane of {what}")
        ops = fused or (card,)
        name = lane_name(factory.prefix, card.name)
        live = self._queue("Tasks", name, Duration.hours(1), card, settings, alarms)
        dead_letters.read(self, live)
        entries = [_Entry(live, "Subscription", {}, settings.cap)]
        if settings.bulk_cap:
            bulk = self._queue("Bulk", f"{name}{BULK_SUFFIX}", Duration.days(1), card, settings, alarms, live.dead)
            entries = [
                # A coordinator of the version before sends no priority, while a deployment replaces it.
                _Entry(live, "Subscription", {"priority": [LIVE, {"exists": False}]}, settings.cap),
                _Entry(bulk, "BulkSubscription", {"priority": [BULK]}, settings.bulk_cap),
            ]
        for entry in entries:
            self._subscribe(entry, intake, card)
        files = {op.name: factory.ops / f"{op.name}.py" for op in ops}
        layers = tuple(dict.fromkeys(name for op in ops for name in layers_of(op)))
        packages = {name for op in ops for name in packages_of(op, files[op.name], layers)}
        with_assets = any(asset_params(op.params) for op in ops)
        worker = factory.function(
            self,
            "worker",
            name=f"op-{card.name}",
            sources=[FUNCTIONS / "worker", *files.values(), *([ASSETS] if with_assets else [])],
            environment=WorkerEnvironment(
                op=card.name,
                deployment=factory.prefix,
                uploads_bucket=ledger.uploads.bucket_name,
                results_bucket=ledger.results.bucket_name,
                ledger_table=ledger.table.table_name,
                lane_queue_url=live.queue.queue_url,
                dead_queue_url=live.dead.queue_url,
                fused=FusedLane(tuple(files), card.compute) if fused else None,
                limits=limits,
            ),
            layers=layers,
            packages=sorted(packages),
            memory_mb=card.compute.memory_mb,
            timeout_seconds=card.compute.timeout_seconds,
            reserved=settings.reserved,
            plain=(_LEAN_MALLOC if "imaging" in layers else {}) | ({} if with_metrics else _NO_METRICS),
        )
        for entry in entries:
            worker.add_event_source(
                sources.SqsEventSource(
                    entry.queue.queue,
                    batch_size=card.compute.batch,
                    max_concurrency=entry.cap,
                    enabled=settings.enabled,
                    report_batch_item_failures=True,
                )
            )
            entry.queue.queue.grant(worker, "sqs:ChangeMessageVisibility")
        live.dead.grant(worker, "sqs:SendMessage")
        reads = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
        ledger.table.grant(worker, *reads, "dynamodb:UpdateItem")
        if "fetching" in layers:
            # The circuit breaker creates an item when a host fails, and deletes it when the host works again.
            ledger.table.grant(worker, "dynamodb:PutItem", "dynamodb:DeleteItem")
        if card.carrier == "file":
            ledger.uploads.grant_read(worker)
        if card.returns == "picture":
            ledger.results.grant_put(worker)

    def _queue(
        self,
        id: str,  # noqa: A002 - the CDK's word
        name: str,
        longest_wait: Duration,
        card: OpCard,
        settings: LaneSettings,
        alarms: sns.ITopic,
        dead: sqs.Queue | None = None,
    ) -> Queue:
        return Queue(
            self,
            id,
            name=name,
            visibility_seconds=settings.visibility_seconds,
            receives=settings.max_receives,
            longest_wait=longest_wait,
            alarms=alarms,
            ordered=card.compute.ordered,
            dead=dead,
        )

    def _subscribe(self, entry: _Entry, intake: IntakeConstruct, card: OpCard) -> None:
        topic = intake.topics[card.compute.ordered]
        let_send(topic, entry.queue.queue)
        # The CDK's own subscription would depend on the topic, which a nested stack cannot.
        sns.CfnSubscription(
            self,
            entry.subscription,
            topic_arn=topic.topic_arn,
            protocol="sqs",
            endpoint=entry.queue.queue.queue_arn,
            raw_message_delivery=True,
            filter_policy={"op": [card.name], **entry.filter},
            redrive_policy={"deadLetterTargetArn": intake.undelivered[card.compute.ordered].queue_arn},
        )


def layers_of(card: OpCard) -> tuple[str, ...]:
    """Return the names of the layers of an op's lane, without the layer of the packages in `needs`."""
    returned = ("imaging",) if card.returns == "picture" else ()
    return tuple(dict.fromkeys(("core", *layers_for(card.takes), *returned)))
