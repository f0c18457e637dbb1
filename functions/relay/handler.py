"""Ledger stream -> relay -> job counts and sockets."""

from collections import Counter
from functools import cache
from typing import Any

import msgspec
from aws_lambda_powertools import Logger

from relay.changes import read_changes
from relay.environment import RelayEnvironment
from relay.relaying import Relay
from relay.remembering import RememberingCounters
from umbel_core.aws import wiring
from umbel_core.aws.intake import SqsIntake
from umbel_core.environment import parse

_LONGEST_MESSAGE = 200_000
"""Characters: a record may be larger than a message."""
logger = Logger(service="relay")


@cache
def relay() -> Relay:
    """Return the relay on this deployment's table and connections."""
    environment = parse(RelayEnvironment)
    return Relay(
        counters=RememberingCounters(wiring.counters(environment)),
        connections=wiring.connections(environment),
        pusher=wiring.pusher(environment),
        fanout=wiring.fanout(environment.fanout_queue_url),
        intake=wiring.intake(environment.intake_queue_url),
    )


@cache
def missed() -> SqsIntake:
    """Return the queue of what the relay gave up on."""
    return wiring.intake(parse(RelayEnvironment).missed_queue_url)


def handle(event: dict[str, Any], context: Any) -> None:  # noqa: ARG001 - Lambda's signature
    """Process a batch of the ledger's stream. After an error the batch comes again, which changes nothing twice.

    A batch without records builds what a later one needs.
    """
    changes = read_changes(event["Records"])
    for unreadable in changes.unreadable:
        # One record must not stop the others; the alarm of the queue goes off.
        logger.error("record not readable", extra={"keys": unreadable.get("dynamodb", {}).get("Keys")})
        missed().again(msgspec.json.encode(unreadable).decode()[:_LONGEST_MESSAGE])
    connections = relay().relay(changes)
    tasks = Counter(change.task.job_id for change in changes.tasks)
    for job_id, trace_id in changes.trace_ids.items():
        logger.info("relayed", extra={"job_id": job_id, "trace_id": trace_id, "tasks": tasks[job_id]})
    logger.info("batch relayed", extra={"records": len(event["Records"]), "connections": connections})
