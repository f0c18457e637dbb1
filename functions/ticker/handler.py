"""Clock -> ticker -> stats to sockets."""

import time
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

from aws_lambda_powertools import Logger

from ticker.environment import TickerEnvironment
from ticker.sweeping import Sweeper
from ticker.ticking import Ticker
from umbel_core.aws import wiring
from umbel_core.catalogue import Catalogue
from umbel_core.environment import parse
from umbel_core.stats import compute_stats
from umbel_core.stats_collector import StatsCollector

logger = Logger(service="ticker")
PACKAGED_DATA = Path(__file__).parent.parent


@cache
def ticker() -> Ticker:
    """Return the ticker on this deployment's ledger, lanes and connections."""
    environment = parse(TickerEnvironment)
    catalogue = Catalogue.load(PACKAGED_DATA / "catalogue.json")
    collector = StatsCollector(
        wiring.counters(environment),
        wiring.lanes(environment),
        wiring.ledger(environment),
        wiring.circuits(environment),
        catalogue,
    )
    return Ticker(lambda: compute_stats(catalogue, collector.collect()), wiring.connections(environment), time.sleep)


@cache
def sweeper() -> Sweeper:
    """Return the sweeper on this deployment's ledger."""
    environment = parse(TickerEnvironment)
    return Sweeper(wiring.counters(environment), wiring.ledger(environment))


def handle(event: dict[str, Any], context: Any) -> None:
    """Run once a minute from the clock, and from the WebSocket API's function when a client subscribes to stats."""
    recounted = sweeper().sweep() if event.get("sweep") else []
    sent = ticker().tick(token_hex(8), lambda: context.get_remaining_time_in_millis() / 1000)
    logger.info("ticked", extra={"sent": sent, "recounted": recounted})
