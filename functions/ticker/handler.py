"""Clock -> ticker -> numbers to sockets."""

import time
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

from aws_lambda_powertools import Logger

from ticker.environment import TickerEnvironment
from ticker.sweeping import Sweeper
from ticker.ticking import Ticker
from umbel_core.aws import clients
from umbel_core.aws.circuit_breaker import DynamoCircuitBreaker
from umbel_core.aws.connections import SocketConnections
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.lanes import Lanes
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.catalogue import Catalogue
from umbel_core.environment import parse
from umbel_core.stats import numbers
from umbel_core.stats_collector import StatsCollector

logger = Logger(service="ticker")
PACKAGED_DATA = Path(__file__).parent.parent


@cache
def ledger() -> DynamoLedger:
    """The deployment's ledger."""
    environment = parse(TickerEnvironment)
    return DynamoLedger(clients.dynamodb(), environment.ledger_table, environment.retention_days)


@cache
def counters() -> DynamoCounters:
    """What is counted of all jobs."""
    return DynamoCounters(clients.dynamodb(), parse(TickerEnvironment).ledger_table)


@cache
def ticker() -> Ticker:
    """The ticker on the deployment's ledger, lanes and sockets."""
    environment = parse(TickerEnvironment)
    lanes = Lanes(clients.lambdas(), clients.sqs(), environment.lane_prefix, environment.reserve)
    catalogue = Catalogue.load(PACKAGED_DATA / "catalogue.json")
    circuits = DynamoCircuitBreaker(clients.dynamodb(), environment.ledger_table)
    stats_collector = StatsCollector(counters(), lanes, ledger(), circuits, catalogue)
    gateway = clients.gateway(environment.socket_endpoint)
    connections = SocketConnections(clients.dynamodb(), environment.sockets_table, gateway, ledger().cancel)
    return Ticker(lambda: numbers(catalogue, stats_collector.look()), connections, time.sleep)


def handle(event: dict[str, Any], context: Any) -> None:
    """Lambda's entry: from the clock, once a minute, or from the sockets' function when somebody begins to listen."""
    mended = Sweeper(counters(), ledger()).sweep() if event.get("sweep") else []
    sent = ticker().tick(token_hex(8), lambda: context.get_remaining_time_in_millis() / 1000)
    logger.info("ticked", extra={"sent": sent, "mended": mended})
