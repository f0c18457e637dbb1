"""An op's lane -> worker -> results bucket and ledger."""

from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from umbel_core.environment import parse
from umbel_core.sqs import failure_response, read_messages
from worker.batch import BatchRunner
from worker.environment import WorkerEnvironment
from worker.wiring import batch_runner

OPS = Path(__file__).parent.parent / "ops"
logger = Logger(service="worker")


@cache
def batches() -> BatchRunner:
    """Return the runner of this function's op."""
    return batch_runner(parse(WorkerEnvironment), OPS, logger)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process a batch of the op's lane. A batch without messages loads the op and what it needs."""
    return failure_response(batches().run(read_messages(event), context.get_remaining_time_in_millis))
