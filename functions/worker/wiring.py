"""Builds the runner of one op on the deployment's buckets, table and queue."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from umbel_core.aws import wiring
from umbel_core.catalogue import load_op
from umbel_core.op import OpCard, describe
from worker.batch import BatchRunner
from worker.environment import WorkerEnvironment
from worker.runner import Runner
from worker.skipping import Skipping
from worker.web import Web
from worker.work import Destination, FileSource, PictureDestination, Source, ValueSource, Work, in_ledger


def batch_runner(environment: WorkerEnvironment, ops: Path, logger: Logger) -> BatchRunner:
    """Return the runner of the environment's op, whose file is in the folder `ops`."""
    function = load_op(ops, environment.op)
    card = describe(function)
    ledger = wiring.ledger(environment)
    web = Web(environment.limits, wiring.circuits(environment, ledger.record_event), wiring.pace(environment))
    runner = Runner(card, _work(environment, card, function, web, ops.parent / "assets"), ledger, Skipping(ledger))
    # A task may start while at least half of the function's timeout is left.
    needed_ms = 1000 * card.compute.timeout_seconds / 2
    consumer = wiring.consumer(environment.lane_queue_url, logger, needed_ms, environment.dead_queue_url)
    return BatchRunner(runner, consumer, logger, environment.deployment)


def _work(environment: WorkerEnvironment, card: OpCard, function: Callable[..., Any], web: Web, assets: Path) -> Work:
    if card.carrier == "url":
        # Loads the fetcher, which the op imports, with this deployment's policy.
        _ = web.fetcher
    source: Source = ValueSource()
    destination: Destination = in_ledger
    if card.carrier == "file":
        source = FileSource(card, function, wiring.pictures(environment), web, environment.limits)
    if card.returns == "picture":
        destination = PictureDestination(wiring.results(environment), environment.limits)
    return Work(function, source, destination, assets)
