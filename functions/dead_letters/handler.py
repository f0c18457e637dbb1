"""Dead-letter queues -> dead-letter function -> ledger."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from dead_letters.dead_letters import DeadLetters
from dead_letters.environment import DeadLettersEnvironment
from umbel_core.aws import wiring
from umbel_core.environment import parse
from umbel_core.lanes import FIFO_SUFFIX
from umbel_core.sqs import Message, failure_response, read_messages

logger = Logger(service="dead_letters")


@cache
def environment() -> DeadLettersEnvironment:
    """Return this function's environment."""
    return parse(DeadLettersEnvironment)


@cache
def dead_letters() -> DeadLetters:
    """Return the handler of dead letters on this deployment's ledger."""
    return DeadLetters(wiring.ledger(environment()), name_log_lines)


def name_log_lines(job_id: str, trace_id: str) -> None:
    """Put the ids of the job into all further log lines of this message."""
    logger.thread_safe_append_keys(job_id=job_id, trace_id=trace_id)


def process(message: Message) -> bool:
    """Process one dead letter; return False when it must be delivered again."""
    logger.thread_safe_clear_keys()
    try:
        if message.queue == environment().intake_dead:
            kept = [dead_letters().fail_jobs(message.id, message.body, message.trace_id)]
        else:
            kept = dead_letters().fail_tasks(_lane(message.queue), message.id, message.body)
    except Exception:
        logger.exception("message failed", extra={"message_id": message.id})
        return False
    logger.warning("given up", extra={"op": kept[0].op if kept else None})
    return True


def _lane(queue: str) -> str:
    """Return the lane of a dead-letter queue: its op, or that of fused recipes."""
    name = queue.removesuffix(FIFO_SUFFIX).removesuffix(environment().dead_suffix)
    return name.removeprefix(environment().lane_prefix)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Process a batch of any dead-letter queue."""
    return failure_response([message for message in read_messages(event) if not process(message)])
