"""Builds the adapters of a function from its environment. No client is built before a function asks for an adapter.

Each protocol lists the fields of a function's environment that an adapter needs.
"""

from collections.abc import Callable, Collection
from typing import Protocol

from aws_lambda_powertools import Logger

from umbel_core.aws import clients
from umbel_core.aws.circuit_breaker import DynamoCircuitBreaker
from umbel_core.aws.connections import SocketConnections
from umbel_core.aws.consumer import SqsConsumer
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.fanout import SqsFanout
from umbel_core.aws.idempotency import DynamoIdempotencyKeys
from umbel_core.aws.intake import SqsIntake
from umbel_core.aws.kept_lanes import KeptLanes
from umbel_core.aws.lanes import Lanes
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.pace import DynamoPace
from umbel_core.aws.pictures import S3Pictures, S3Results
from umbel_core.aws.tasks import SnsTasks
from umbel_core.aws.uploads import S3Uploads
from umbel_core.ledger import Event
from umbel_core.pushing import Pusher
from umbel_core.settings import Limits


class OnLedger(Protocol):
    """A function that reads or writes jobs."""

    @property
    def ledger_table(self) -> str: ...
    @property
    def limits(self) -> Limits: ...


class OnConnections(OnLedger, Protocol):
    """A function that sends messages to WebSocket connections."""

    @property
    def sockets_table(self) -> str: ...
    @property
    def socket_endpoint(self) -> str: ...


class OnUploads(Protocol):
    """A function that uses the uploads bucket."""

    @property
    def uploads_bucket(self) -> str: ...
    @property
    def limits(self) -> Limits: ...


class OnResults(Protocol):
    """A function that uses the results bucket."""

    @property
    def results_bucket(self) -> str: ...


class WithLinks(OnResults, Protocol):
    """A function that makes URLs for browsers. `links_endpoint` is their endpoint where it is not S3 itself."""

    @property
    def links_endpoint(self) -> str | None: ...


class OnLiveConnections(OnConnections, WithLinks, Protocol):
    """A function that sends changes to WebSocket connections."""


class OnLanes(Protocol):
    """A function that reads or scales the ops' lanes."""

    @property
    def lane_prefix(self) -> str: ...
    @property
    def reserve(self) -> bool: ...
    @property
    def fair(self) -> bool: ...


class OnKeptLanes(OnLanes, OnLedger, Protocol):
    """A function that looks at the lanes."""


class OnTopics(Protocol):
    """A function that publishes tasks."""

    @property
    def tasks_topic(self) -> str: ...
    @property
    def ordered_topic(self) -> str: ...


def ledger(environment: OnLedger) -> DynamoLedger:
    """Return the ledger."""
    return DynamoLedger(clients.dynamodb(), environment.ledger_table, environment.limits.retention_days)


def counters(environment: OnLedger) -> DynamoCounters:
    """Return the counts of jobs and the op stats."""
    return DynamoCounters(clients.dynamodb(), environment.ledger_table)


def idempotency_keys(environment: OnLedger) -> DynamoIdempotencyKeys:
    """Return the keys of the last requests."""
    return DynamoIdempotencyKeys(clients.dynamodb(), environment.ledger_table)


def circuits(environment: OnLedger, record_event: Callable[[Event], object] = lambda _: None) -> DynamoCircuitBreaker:
    """Return the circuits of hosts on the web."""
    return DynamoCircuitBreaker(clients.dynamodb(), environment.ledger_table, record_event)


def pace(environment: OnLedger) -> DynamoPace:
    """Return the pauses between requests to hosts."""
    return DynamoPace(clients.dynamodb(), environment.ledger_table)


def connections(environment: OnConnections) -> SocketConnections:
    """Return the WebSocket connections. The jobs that end with a connection are cancelled in the ledger."""
    gateway = clients.gateway(environment.socket_endpoint)
    return SocketConnections(clients.dynamodb(), environment.sockets_table, gateway, ledger(environment).cancel)


def pusher(environment: OnLiveConnections) -> Pusher:
    """Return what sends changes to the WebSocket connections."""
    return Pusher(connections(environment), results_for_browsers(environment).link)


def fanout(queue_url: str) -> SqsFanout:
    """Return the fan-out's queue, as the relay sends to it."""
    return SqsFanout(clients.sqs, queue_url)


def uploads(environment: OnUploads, links_endpoint: str | None = None) -> S3Uploads:
    """Return the uploads bucket, as requests and the coordinator use it."""
    return S3Uploads(clients.s3(), environment.uploads_bucket, clients.signer(links_endpoint))


def pictures(environment: OnUploads) -> S3Pictures:
    """Return the uploads bucket, as a worker reads it."""
    return S3Pictures(clients.s3(), environment.uploads_bucket, environment.limits.max_upload_bytes)


def results(environment: OnResults) -> S3Results:
    """Return the results bucket, as a worker writes it."""
    return S3Results(clients.s3(), environment.results_bucket)


def results_for_browsers(environment: WithLinks) -> S3Results:
    """Return the results bucket, as URLs for browsers need it."""
    return S3Results(clients.signer(environment.links_endpoint), environment.results_bucket)


def lanes(environment: OnLanes) -> Lanes:
    """Return the ops' lanes."""
    return Lanes(
        clients.lambdas(),
        clients.sqs(),
        environment.lane_prefix,
        reserve=environment.reserve,
        fair=environment.fair,
    )


def kept_lanes(environment: OnKeptLanes) -> KeptLanes:
    """Return the ops' lanes, with their states in the ledger's table."""
    return KeptLanes(lanes(environment), clients.dynamodb(), environment.ledger_table)


def tasks(environment: OnTopics, ordered_ops: frozenset[str], fused_ops: Collection[str] = ()) -> SnsTasks:
    """Return the topics of tasks."""
    topics = environment.tasks_topic, environment.ordered_topic
    return SnsTasks(clients.sns(), *topics, ordered_ops, fused_ops)


def intake(queue_url: str) -> SqsIntake:
    """Return the coordinator's queue, as senders use it."""
    return SqsIntake(clients.sqs(), queue_url)


def consumer(queue_url: str, logger: Logger, needed_ms: float, dead_queue_url: str = "") -> SqsConsumer:
    """Return the queue from which a function takes its messages."""
    return SqsConsumer(clients.sqs(), queue_url, logger, needed_ms, dead_queue_url)
