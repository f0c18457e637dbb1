"""Fan-out queue -> fan-out -> sockets."""

from functools import cache
from typing import Any

import msgspec
from aws_lambda_powertools import Logger

from fanout.environment import FanoutEnvironment
from umbel_core.aws import wiring
from umbel_core.environment import parse
from umbel_core.pushing import FANOUT_SECONDS, Push, Pusher
from umbel_core.sqs import failure_response, read_messages
from umbel_core.trace import trace_ids

logger = Logger(service="fanout")


@cache
def pusher() -> Pusher:
    """Return the pusher to this deployment's connections."""
    return wiring.pusher(parse(FanoutEnvironment))


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Process a batch of the relay's pushes as one: after many changes, a connection gets few messages."""
    pushes, unreadable = [], []
    for message in read_messages(event):
        try:
            pushes.append(msgspec.json.decode(message.body, type=Push))
        except msgspec.DecodeError:
            logger.exception("push not readable", extra={"message_id": message.id})
            unreadable.append(message)
    connections = pusher().push(pushes, FANOUT_SECONDS)
    for push in pushes:
        for job_id, trace_id in trace_ids(push.jobs, push.tasks).items():
            logger.info("pushed", extra={"job_id": job_id, "trace_id": trace_id, "connections": len(push.connections)})
    logger.info("batch pushed", extra={"pushes": len(pushes), "connections": connections})
    return failure_response(unreadable)
