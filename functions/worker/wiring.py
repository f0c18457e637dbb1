"""Builds the runner of one op on the deployment's buckets, table and queue."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from aws_lambda_powertools import Logger

from umbel_core.aws import wiring
from umbel_core.catalogue import load_op
from umbel_core.fused_lane import PICTURE, fused_card
from umbel_core.op import OpCard, describe
from worker.batch import BatchRunner
from worker.environment import WorkerEnvironment
from worker.fused import FusedWork
from worker.runner import Runner
from worker.skipping import Skipping
from worker.web import Web
from worker.work import Destination, FileSource, PictureDestination, Source, ValueSource, Work, in_ledger


def batch_runner(environment: WorkerEnvironment, ops: Path, logger: Logger) -> BatchRunner:
    """Return the runner of the environment's op, or of the lane of fused recipes; `ops` is the folder of the ops."""
    names = [environment.op] if environment.fused is None else environment.fused.ops
    functions = {name: load_op(ops, name) for name in names}
    cards = {name: describe(function) for name, function in functions.items()}
    ledger = wiring.ledger(environment)
    web = Web(environment.limits, wiring.circuits(environment, ledger.record_event), wiring.pace(environment))
    works = {
        name: _work(environment, cards[name], function, web, ops.parent / "assets")
        for name, function in functions.items()
    }
    if environment.fused is None:
        runner = Runner(cards[environment.op], works[environment.op], ledger, Skipping(ledger))
    else:
        pictures = {name for name, card in cards.items() if card.takes == PICTURE}
        in_lane = _with_memory(cards, environment.fused.compute.memory_mb)
        runner = Runner(fused_card(environment.fused), FusedWork(works, pictures), ledger, Skipping(ledger), in_lane)
    # A task may start while at least half of its op's timeout is left.
    needed_ms = 1000 * max(card.compute.timeout_seconds for card in cards.values()) / 2
    consumer = wiring.consumer(environment.lane_queue_url, logger, needed_ms, environment.dead_queue_url)
    return BatchRunner(runner, consumer, logger, environment.deployment)


def _with_memory(cards: Mapping[str, OpCard], memory_mb: int) -> dict[str, OpCard]:
    """Return the cards of ops that share a lane with this memory."""
    computes = {name: msgspec.structs.replace(card.compute, memory_mb=memory_mb) for name, card in cards.items()}
    return {name: msgspec.structs.replace(card, compute=computes[name]) for name, card in cards.items()}


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
