"""Ledger stream -> relay -> job counts and sockets."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from relay.changes import read_changes
from relay.environment import RelayEnvironment
from relay.relaying import Relay
from umbel_core.aws import clients
from umbel_core.aws.connections import SocketConnections
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.pictures import S3Results
from umbel_core.environment import parse

logger = Logger(service="relay")


@cache
def relay() -> Relay:
    """The relay on the deployment's table and sockets."""
    environment = parse(RelayEnvironment)
    ledger = DynamoLedger(clients.dynamodb(), environment.ledger_table, environment.retention_days)
    gateway = clients.gateway(environment.socket_endpoint)
    return Relay(
        counters=DynamoCounters(clients.dynamodb(), environment.ledger_table),
        connections=SocketConnections(clients.dynamodb(), environment.sockets_table, gateway, ledger.cancel),
        url_for=S3Results(clients.signer(environment.links_endpoint), environment.results_bucket).link,
        beside=ThreadPoolExecutor(1),
    )


def handle(event: dict[str, Any], context: Any) -> None:  # noqa: ARG001 - Lambda's signature
    """Lambda's entry: a batch of the ledger's stream. A fault repeats the batch, which changes nothing twice."""
    changes = read_changes(event["Records"])
    sent = relay().relay(changes)
    logger.info("relayed", extra={"tasks": len(changes.tasks), "jobs": len(changes.jobs), "sent": sent})
