"""relay -> fan-out queue -> WebSocket: a function of its own sends to many connections, so that counting goes on."""

from aws_cdk import Duration
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout.environment import FanoutEnvironment
from infra.function import FunctionFactory
from infra.ledger import LedgerConstruct
from infra.queue import Queue
from umbel_core.lane_settings import MAX_RECEIVES, VISIBILITY_PER_TIMEOUT
from umbel_core.settings import Limits

_TIMEOUT = 20
"""Seconds: four to send, those of the last posts, and the removal of connections that are closed."""
_MEMORY_MB = 1769
"""Lambda gives one whole CPU for so much; a post takes 0.8 ms of it, most of all for its signature."""
_CAP = 4
_KEPT = Duration.minutes(10)
"""A push that is older is of no use: the clients have read the newer state. Longer than five receives take."""


class FanoutConstruct(Construct):
    """The queue of pushes to many connections, and the function that sends them."""

    def __init__(
        self,
        scope: Construct,
        factory: FunctionFactory,
        ledger: LedgerConstruct,
        socket_endpoint: str,
        limits: Limits,
        alarms: sns.ITopic,
    ) -> None:
        super().__init__(scope, "Fanout")
        self.queue = Queue(
            self,
            "Pushes",
            name=f"{factory.prefix}-fanout",
            visibility_seconds=VISIBILITY_PER_TIMEOUT * _TIMEOUT,
            receives=MAX_RECEIVES,
            longest_wait=Duration.minutes(1),
            alarms=alarms,
            retention=_KEPT,
            dead_is_read=False,
        )
        self.function = factory.function(
            self,
            "fanout",
            environment=FanoutEnvironment(
                ledger_table=ledger.table.table_name,
                sockets_table=ledger.sockets.table_name,
                socket_endpoint=socket_endpoint,
                results_bucket=ledger.results.bucket_name,
                limits=limits,
                links_endpoint=factory.target.public_endpoint,
            ),
            memory_mb=_MEMORY_MB,
            timeout_seconds=_TIMEOUT,
        )
        self.function.add_event_source(
            sources.SqsEventSource(
                self.queue.queue, batch_size=10, max_concurrency=_CAP, report_batch_item_failures=True
            )
        )
