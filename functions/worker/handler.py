"""An op's lane -> worker -> results bucket and ledger."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from umbel_core.aws.circuit_breaker import DynamoCircuitBreaker
from umbel_core.aws.clients import client
from umbel_core.aws.lane import SqsLane
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.pictures import S3Pictures, S3Results
from umbel_core.catalogue import load_op
from umbel_core.environment import parse
from umbel_core.errors import Transient
from umbel_core.messages import RunTask
from umbel_core.op import describe
from umbel_core.settings import Limits
from worker.environment import WorkerEnvironment
from worker.groups import run_groups
from worker.redelivery import order_batch
from worker.runner import Runner
from worker.skipping import Skipping
from worker.web import Web
from worker.work import Destination, FileSource, PictureDestination, Source, ValueSource, Work, in_ledger

logger = Logger(service="worker")
batch = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@cache
def lane() -> SqsLane:
    """The queue that this worker serves."""
    return SqsLane(client("sqs"), parse(WorkerEnvironment).lane_queue_url)


@cache
def runner() -> Runner:
    """The runner for this function's op, on the deployment's buckets and table."""
    environment = parse(WorkerEnvironment)
    limits = msgspec.json.decode(environment.limits, type=Limits)
    function = load_op(Path(__file__).parent.parent / "ops", environment.op)
    card = describe(function)
    ledger = DynamoLedger(client("dynamodb"), environment.ledger_table, limits.retention_days)
    web = Web(limits, DynamoCircuitBreaker(client("dynamodb"), environment.ledger_table, ledger.record_event))
    if card.carrier == "url":
        _ = web.fetcher
    source: Source = ValueSource()
    destination: Destination = in_ledger
    if card.carrier == "file":
        uploads = S3Pictures(client("s3"), environment.uploads_bucket, limits.max_upload_bytes)
        source = FileSource(card, function, uploads, web, limits)
    if card.returns == "picture":
        destination = PictureDestination(S3Results(client("s3"), environment.results_bucket), limits)
    work = Work(function, source, destination)
    return Runner(card, work, ledger, Skipping(ledger))


def take(record: SQSRecord, lambda_context: Any) -> None:
    """One task. What goes wrong on our side is noted, and tried again after a pause that doubles."""
    if lambda_context.get_remaining_time_in_millis() < 1000 * runner().card.compute.timeout_seconds / 2:
        lane().hand_back(record.receipt_handle)
        raise NotReachedError(record.message_id)
    command = msgspec.json.decode(record.body, type=RunTask)
    attempts = int(record.attributes.approximate_receive_count)
    try:
        outcome = runner().run(command, attempts)
    except Exception as error:
        logger.exception("task faulted", extra={"job": command.job, "variant": command.variant, "attempts": attempts})
        reason, transient = f"{type(error).__name__}: {error}", isinstance(error, Transient)
        runner().ledger.record_error(command, attempts, reason, transient=transient)
        lane().retry_later(record.receipt_handle, attempts)
        raise
    status = outcome.status if outcome else "ended before"
    took = outcome.duration_ms if outcome else 0
    logger.info("task ended", extra={"job": command.job, "variant": command.variant, "status": status, "ms": took})


def handle(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry: a batch of the op's lane."""
    if runner().card.compute.ordered:
        return _in_groups(event["Records"], context)
    now, later = order_batch(event["Records"])
    for record in later:
        lane().hand_back(record["receiptHandle"])
    answer = process_partial_response(event={"Records": now}, record_handler=take, processor=batch, context=context)
    answer["batchItemFailures"] += [{"itemIdentifier": record["messageId"]} for record in later]
    return answer


def _in_groups(records: list[dict[str, Any]], context: Any) -> dict[str, list[dict[str, str]]]:
    def taken(record: dict[str, Any]) -> bool:
        try:
            take(SQSRecord(record), context)
        except Exception:  # noqa: BLE001 - the boundary of a batch: `take` has noted the fault
            return False
        return True

    def put_behind(head: dict[str, Any], record: dict[str, Any]) -> None:
        # For as long as its head: shown earlier, it would only cost receives where a queue does not lock its groups.
        lane().retry_later(record["receiptHandle"], int(head["attributes"]["ApproximateReceiveCount"]))

    again = run_groups(records, taken, put_behind)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in again]}


class NotReachedError(Exception):
    """The batch's earlier tasks took so long that this one might not end in time; it goes back to its lane."""
