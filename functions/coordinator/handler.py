"""Intake queue -> coordinator -> tasks topic."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
from aws_lambda_powertools import Logger

from coordinator.environment import CoordinatorEnvironment
from coordinator.planner import Planner
from umbel_core.aws import wiring
from umbel_core.aws.consumer import SqsConsumer
from umbel_core.aws.dynamo import UNREADABLE
from umbel_core.catalogue import Catalogue
from umbel_core.environment import parse
from umbel_core.intake_messages import ObjectCreated, read_message
from umbel_core.recipes import Recipes
from umbel_core.sqs import Message, failure_response, read_messages

logger = Logger(service="coordinator")
_SMALL_MANIFEST = 1_000_000
"""Bytes. Ten of them together need less memory than the largest one."""
_id = attrgetter("id")
PACKAGED_DATA = Path(__file__).parent.parent
NEEDED_MS = 120_000
"""A manifest of 10,000 tasks takes about 20 s to plan and publish on a local engine. On AWS a job's partition takes a
thousand writes a second, of which a task's needs two to six, and a FIFO topic ten tasks a call.
"""


@cache
def planner() -> Planner:
    """Return the planner of this deployment."""
    environment = parse(CoordinatorEnvironment)
    catalogue = Catalogue.load(PACKAGED_DATA / "catalogue.json")
    return Planner(
        ledger=wiring.ledger(environment),
        uploads=wiring.uploads(environment),
        tasks=wiring.tasks(environment, catalogue.ordered, catalogue.fused_ops),
        catalogue=catalogue,
        recipes=msgspec.json.decode((PACKAGED_DATA / "recipes.json").read_bytes(), type=Recipes),
        limits=environment.limits,
        begin=name_log_lines,
    )


@cache
def intake() -> SqsConsumer:
    """Return the intake queue."""
    return wiring.consumer(parse(CoordinatorEnvironment).intake_queue_url, logger, NEEDED_MS)


def log_ignored(key: str) -> None:
    """Say that an object starts no job."""
    logger.warning("ignored: a key that ends in / is a folder and starts no job", extra={"key": key})


def name_log_lines(job_id: str, trace_id: str) -> None:
    """Put the ids of the job into all further log lines of this message, those of an error included."""
    logger.thread_safe_append_keys(job_id=job_id, trace_id=trace_id)


def plan(trace_id: str, body: str, _receives: int) -> None:
    """Plan and publish what one message asks for."""
    logger.thread_safe_clear_keys()
    for command in read_message(body, log_ignored):
        _, published = planner().take(command, trace_id)
        logger.info("planned", extra={"published": published})


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process a batch of the intake queue. A batch without messages builds what a later one needs."""
    planner()
    remaining_ms = context.get_remaining_time_in_millis
    messages = read_messages(event)
    intake().show_at_timeout(messages, remaining_ms())

    def process(message: Message) -> bool:
        return intake().process(message, remaining_ms, partial(plan, message.trace_id))

    small = [each for each in messages if is_small(each)]
    with ThreadPoolExecutor(max(1, len(small))) as pool:
        planned = dict(zip(map(_id, small), pool.map(process, small), strict=True))
    planned |= {each.id: process(each) for each in messages if each.id not in planned}
    return failure_response([each for each in messages if not planned[each.id]])


def is_small(message: Message) -> bool:
    """Return whether a message needs little time and memory, so that all such ones of a batch are planned together.

    A large manifest and a command on the tasks of a job are worked on alone.
    """
    try:
        commands = list(read_message(message.body, lambda _: None))
    except (*UNREADABLE, msgspec.MsgspecError):
        return True  # it ends as soon as it is processed
    return all(isinstance(each, ObjectCreated) and _is_small(each) for each in commands)


def _is_small(created: ObjectCreated) -> bool:
    return not created.is_manifest or created.size <= _SMALL_MANIFEST
