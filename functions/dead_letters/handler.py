"""Dead-letter queues -> dead-letter function -> ledger."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dead_letters.dead_letters import DeadLetters
from dead_letters.environment import DeadLettersEnvironment
from umbel_core.aws import clients
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.environment import parse
from umbel_core.lanes import FIFO_SUFFIX
from umbel_core.ledger import DeadLetter

logger = Logger(service="dead_letters")
batch = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@cache
def dead_letters() -> DeadLetters:
    """The handler of dead letters on the deployment's ledger."""
    environment = parse(DeadLettersEnvironment)
    return DeadLetters(DynamoLedger(clients.dynamodb(), environment.ledger_table, environment.retention_days))


def take(record: SQSRecord) -> None:
    """One dead letter."""
    environment = parse(DeadLettersEnvironment)
    queue = record.event_source_arn.rsplit(":", 1)[1]
    if queue == environment.intake_dead:
        letter: DeadLetter | None = dead_letters().fail_jobs(record.message_id, record.body)
    else:
        op = queue.removesuffix(FIFO_SUFFIX).removeprefix(environment.lane_prefix).removesuffix(environment.dead_suffix)
        # The count goes on in the dead-letter queue: what came here was received once less.
        attempts = max(1, int(record.attributes.approximate_receive_count) - 1)
        letter = dead_letters().fail_task(op, record.message_id, record.body, attempts)
    logger.warning("given up", extra={"op": letter.op if letter else None, "job_id": letter.job_id if letter else None})


def handle(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry: a batch of any dead-letter queue."""
    return process_partial_response(event=event, record_handler=take, processor=batch, context=context)
