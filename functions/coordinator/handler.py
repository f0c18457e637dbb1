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
from umbel_core.arrivals import read_message
from umbel_core.aws.clients import client
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.tasks import SnsTasks
from umbel_core.aws.uploads import S3Uploads
from umbel_core.catalogue import Catalogue
from umbel_core.environment import parse
from umbel_core.recipes import Recipes
from umbel_core.settings import Limits

logger = Logger(service="coordinator")
batch = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
FACTS = Path(__file__).parent.parent


@cache
def planner() -> Planner:
    """The planner on the deployment's bucket, table and topic."""
    environment = parse(CoordinatorEnvironment)
    limits = msgspec.json.decode(environment.limits, type=Limits)
    return Planner(
        ledger=DynamoLedger(client("dynamodb"), environment.ledger_table, limits.retention_days),
        uploads=S3Uploads(client("s3"), environment.uploads_bucket),
        tasks=SnsTasks(client("sns"), environment.tasks_topic),
        catalogue=Catalogue.load(FACTS / "catalogue.json"),
        recipes=msgspec.json.decode((FACTS / "recipes.json").read_bytes(), type=Recipes),
        limits=limits,
    )


def take(record: SQSRecord) -> None:
    """One message of the intake queue."""
    for arrival in read_message(record.body):
        job, published = planner().take(arrival)
        logger.info("planned", extra={"job": job, "published": published})


def handle(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry: a batch of the intake queue."""
    return process_partial_response(event=event, record_handler=take, processor=batch, context=context)
