"""Clock -> ticker -> stats to sockets, and what was lost to the coordinator; undelivered tasks -> log."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from ticker.environment import TickerEnvironment
from ticker.executions import Executions
from ticker.sweeping import Sweeper, Swept
from ticker.ticking import Ticker
from umbel_core import metrics
from umbel_core.aws import wiring
from umbel_core.catalogue import Catalogue
from umbel_core.environment import parse
from umbel_core.executions import FAILED_SWEEPS
from umbel_core.messages import TaskTrace
from umbel_core.sqs import failure_response, read_messages
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
        wiring.kept_lanes(environment),
        wiring.ledger(environment),
        wiring.circuits(environment),
        catalogue,
    )
    return Ticker(
        lambda: compute_stats(catalogue.lanes, collector.collect()), wiring.connections(environment), time.sleep
    )


@cache
def sweeper() -> Sweeper:
    """Return the sweeper on this deployment's ledger."""
    environment = parse(TickerEnvironment)
    return Sweeper(
        counters=wiring.counters(environment),
        ledger=wiring.ledger(environment),
        lanes=wiring.lanes(environment),
        uploads=wiring.uploads(environment),
        intake=wiring.intake(environment.intake_queue_url),
        catalogue=Catalogue.load(PACKAGED_DATA / "catalogue.json"),
        logger=logger,
        silence=timedelta(seconds=environment.silent_seconds),
    )


@cache
def executions() -> Executions:
    """Return the metric of this deployment's repeated work."""
    environment = parse(TickerEnvironment)
    return Executions(wiring.counters(environment), environment.deployment, logger)


@cache
def preparations() -> list[Callable[[], object]]:
    """Return what is done once a minute, so that no look at the stats or the lanes has to do it."""
    environment = parse(TickerEnvironment)
    return [wiring.counters(environment).roll_up, wiring.kept_lanes(environment).refresh]


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run once a minute from the clock, and from the WebSocket API's function when a client subscribes to stats.

    `silent_seconds` in the event sweeps with another bound. Tasks that SNS could not deliver are logged here and
    published again by the sweeper, which goes by the ledger.
    """
    if "Records" in event:
        for message in read_messages(event):
            task = msgspec.json.decode(message.body, type=TaskTrace)
            named = msgspec.structs.asdict(task)
            logger.error("task not delivered to its lane", extra={"queue": message.queue, **named})
        return failure_response([])
    swept = Swept()
    if event.get("sweep"):
        _prepare()
        swept = _sweep(event)
        executions().record(datetime.now(UTC))
    sent = ticker().tick(token_hex(8), lambda: context.get_remaining_time_in_millis() / 1000)
    logger.info("ticked", extra={"sent": sent, **msgspec.structs.asdict(swept)})
    return msgspec.structs.asdict(swept)


def _prepare() -> None:
    for prepare in preparations():
        try:
            prepare()
        except Exception:
            # What was kept before is still read; the next run tries again.
            logger.exception("not prepared")


def _sweep(event: dict[str, Any]) -> Swept:
    bound = {"silence": timedelta(seconds=event["silent_seconds"])} if "silent_seconds" in event else {}
    try:
        return msgspec.structs.replace(sweeper(), **bound).sweep()
    except Exception:
        # The subscribers of stats get them all the same; the next run sweeps again.
        logger.exception("not swept")
        metrics.write(executions().deployment, {FAILED_SWEEPS: (MetricUnit.Count, [1])})
        return Swept()
