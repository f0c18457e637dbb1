"""Intake queue -> coordinator -> tasks topic."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from coordinator.environment import CoordinatorEnvironment
from coordinator.planner import Planner
from umbel_core.aws import clients
from umbel_core.aws.lane import SqsLane
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.tasks import SnsTasks
from umbel_core.aws.uploads import S3Uploads
from umbel_core.catalogue import Catalogue
from umbel_core.environment import parse
from umbel_core.intake_messages import read_message
from umbel_core.recipes import Recipes
from umbel_core.settings import Limits

logger = Logger(service="coordinator")
batch = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
PACKAGED_DATA = Path(__file__).parent.parent
_ROOM_MS = 120_000
"""A manifest of 10,000 tasks takes about 20 s to plan and publish on a local engine. On AWS a job's partition takes a
thousand writes a second, of which a task's needs two to six, and a FIFO topic ten tasks a call.
"""


@cache
def planner() -> Planner:
    """The planner on the deployment's bucket, table and topic."""
    environment = parse(CoordinatorEnvironment)
    limits = msgspec.json.decode(environment.limits, type=Limits)
    catalogue = Catalogue.load(PACKAGED_DATA / "catalogue.json")
    return Planner(
        ledger=DynamoLedger(clients.dynamodb(), environment.ledger_table, limits.retention_days),
        uploads=S3Uploads(clients.s3(), environment.uploads_bucket),
        tasks=SnsTasks(clients.sns(), environment.tasks_topic, environment.ordered_topic, catalogue.ordered),
        catalogue=catalogue,
        recipes=msgspec.json.decode((PACKAGED_DATA / "recipes.json").read_bytes(), type=Recipes),
        limits=limits,
    )


@cache
def lane() -> SqsLane:
    """The intake queue."""
    return SqsLane(clients.sqs(), parse(CoordinatorEnvironment).intake_queue_url)


def take(record: SQSRecord, lambda_context: Any) -> None:
    """One message of the intake queue. What goes wrong is tried again after a pause that doubles."""
    if lambda_context.get_remaining_time_in_millis() < _ROOM_MS:
        lane().hand_back(record.receipt_handle)
        raise NotReachedError(record.message_id)
    try:
        for created in read_message(record.body):
            job_id, published = planner().take(created)
            logger.info("planned", extra={"job_id": job_id, "published": published})
    except Exception:
        logger.exception("not planned", extra={"id": record.message_id})
        lane().retry_later(record.receipt_handle, int(record.attributes.approximate_receive_count))
        raise


class NotReachedError(Exception):
    """The batch's earlier manifests took so long that this one might not end in time; it goes back to the queue."""


def handle(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry: a batch of the intake queue."""
    return process_partial_response(event=event, record_handler=take, processor=batch, context=context)
