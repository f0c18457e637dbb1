"""Lanes held and let go, and how many tasks of one ran at a time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from tests.pipeline.api import Api
from tests.pipeline.deployment import Deployed
from tests.pipeline.shapes import moment
from tests.pipeline.waiting import wait_for
from umbel import stack

_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


def waiting(deployed: Deployed, queue: str) -> tuple[int, int]:
    """Messages that wait in a queue, and messages that are being worked on."""
    url = deployed.queue(queue)
    found = deployed.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
    ready, taken = (int(found[name]) for name in _COUNTS)
    return ready, taken


def drained(deployed: Deployed, queue: str) -> None:
    """Return when nothing of a queue is left."""
    wait_for(lambda: waiting(deployed, queue) == (0, 0), f"{queue} to be empty")


@contextmanager
def held(api: Api, op: str, concurrency: int) -> Iterator[None]:
    """The op's lane is paused inside, and ready afterwards."""
    assert api.put(f"/ops/{op}", {"concurrency": 0}).status == 200
    wait_for(lambda: lane(api, op)["state"] == "paused", f"{op} to pause")
    try:
        yield
    finally:
        assert api.put(f"/ops/{op}", {"concurrency": concurrency}).status == 200
        wait_for(lambda: lane(api, op)["state"] == "ready", f"{op} to be ready")


@contextmanager
def intake_held(deployed: Deployed) -> Iterator[None]:
    """The coordinator takes nothing inside."""
    lambdas = deployed.client("lambda")
    (mapping,) = lambdas.list_event_source_mappings(FunctionName=f"{stack.STACK}-coordinator")["EventSourceMappings"]

    def be(state: str, *, enabled: bool) -> None:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)
        wait_for(lambda: lambdas.get_event_source_mapping(UUID=mapping["UUID"])["State"] == state, f"intake: {state}")

    be("Disabled", enabled=False)
    try:
        yield
    finally:
        be("Enabled", enabled=True)


def lane(api: Api, op: str) -> dict[str, Any]:
    """An op's card with its lane's live state."""
    return next(card for card in api.get("/ops").body["ops"] if card["name"] == op)


def take_all(deployed: Deployed, queue: str, count: int) -> list[str]:
    """Take this many messages out of a queue by hand; their bodies."""
    url = deployed.queue(queue)
    bodies: list[str] = []

    def complete() -> bool:
        answer = deployed.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", ()):
            deployed.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if "s3:TestEvent" not in message["Body"]:
                bodies.append(message["Body"])
        return len(bodies) >= count

    wait_for(complete, f"{count} messages in {queue}")
    assert all(json.loads(body) for body in bodies)
    return bodies


def send_all(deployed: Deployed, queue: str, bodies: list[str]) -> None:
    """Put messages into a queue by hand."""
    for body in bodies:
        deployed.sqs.send_message(QueueUrl=deployed.queue(queue), MessageBody=body)


def most_at_once(tasks: list[dict[str, Any]], since: datetime | None = None, until: datetime | None = None) -> int:
    """How many tasks, of those that began in a time, ran at the same moment, by the ledger."""
    spans = [(moment(task["started_at"]), moment(task["finished_at"])) for task in tasks]
    spans = [span for span in spans if (since is None or span[0] > since) and (until is None or span[0] < until)]
    return max((sum(start <= begun < end for start, end in spans) for begun, _ in spans), default=0)
