"""Pause lanes, move their messages, and count how many tasks ran at a time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from secrets import token_hex
from typing import Any

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.shapes import parse_time
from tests.pipeline.waiting import wait_for
from umbel import stack
from umbel_core.lanes import FIFO_SUFFIX

_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


def waiting(deployed: Deployed, queue: str) -> tuple[int, int]:
    """Return the number of messages that wait in a queue, and of those in flight."""
    url = deployed.queue(queue)
    found = deployed.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
    visible, in_flight = (int(found[name]) for name in _COUNTS)
    return visible, in_flight


def wait_until_empty(deployed: Deployed, queue: str) -> None:
    """Wait until a queue has no messages."""
    wait_for(lambda: waiting(deployed, queue) == (0, 0), f"{queue} to be empty")


@contextmanager
def paused(api: ApiClient, op: str, concurrency: int) -> Iterator[None]:
    """Pause the op's lane during the block; resume it afterwards."""
    assert api.put(f"/ops/{op}", {"concurrency": 0}).status == 200
    wait_for(lambda: lane(api, op)["state"] == "paused", f"{op} to pause")
    try:
        yield
    finally:
        assert api.put(f"/ops/{op}", {"concurrency": concurrency}).status == 200
        wait_for(lambda: lane(api, op)["state"] == "ready", f"{op} to be ready")


@contextmanager
def intake_paused(deployed: Deployed) -> Iterator[None]:
    """Disable the coordinator's event source mapping during the block."""
    lambdas = deployed.client("lambda")
    (mapping,) = lambdas.list_event_source_mappings(FunctionName=f"{stack.STACK}-coordinator")["EventSourceMappings"]

    def set_state(state: str, *, enabled: bool) -> None:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)
        wait_for(lambda: lambdas.get_event_source_mapping(UUID=mapping["UUID"])["State"] == state, f"intake: {state}")

    set_state("Disabled", enabled=False)
    try:
        yield
    finally:
        set_state("Enabled", enabled=True)


def lane(api: ApiClient, op: str) -> dict[str, Any]:
    """Return an op's card, which has its lane's state."""
    return next(card for card in api.get("/ops").body["ops"] if card["name"] == op)


def receive_all(deployed: Deployed, queue: str, count: int) -> list[str]:
    """Receive and delete this many messages of a queue; return their bodies."""
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
    """Send messages to a queue; in a FIFO queue, each is a group by itself and none is a duplicate."""
    url = deployed.queue(queue)
    for body in bodies:
        name = token_hex(8)
        fifo = {"MessageGroupId": name, "MessageDeduplicationId": name} if queue.endswith(FIFO_SUFFIX) else {}
        deployed.sqs.send_message(QueueUrl=url, MessageBody=body, **fifo)


def most_at_once(tasks: list[dict[str, Any]], since: datetime | None = None, until: datetime | None = None) -> int:
    """Return the largest number of tasks that ran at the same time, by their records.

    Only tasks that started between `since` and `until` count.
    """
    spans = [(parse_time(task["started_at"]), parse_time(task["finished_at"])) for task in tasks]
    spans = [span for span in spans if (since is None or span[0] > since) and (until is None or span[0] < until)]
    return max((sum(start <= begun < end for start, end in spans) for begun, _ in spans), default=0)
