"""Tests of the WebSocket: it sends a snapshot, then every change, and these add up to what the API returns."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import Message, SocketClient, latest_records
from tests.pipeline.shapes import is_job, is_task
from umbel_core.ledger import JobRecord

pytestmark = pytest.mark.engine


def _without_links(job: Message) -> Message:
    """Return a job without its links, which are signed for each response and so always differ."""
    variants = {name: (variant["status"], variant["version"]) for name, variant in job["variants"].items()}
    return {**job, "variants": variants}


def _words(count: int, seconds: float = 0.2) -> Iterator[dict[str, Any]]:
    return ({"op": "slow", "input": f"word {index}", "params": {"seconds": seconds}} for index in range(count))


def test_all_changes_of_a_picture_job_are_pushed(
    api: ApiClient,
    feed: SocketClient,
    upload: Callable[[str, bytes], None],
    job_for: Callable[..., JobRecord],
    photos: dict[str, bytes],
) -> None:
    assert all(map(is_job, feed.snapshot["jobs"]))
    upload("uploads/seen live.jpg", photos["coffee.jpg"])
    job = job_for("uploads/seen live.jpg").id
    feed.wait_until_ended(job)
    tasks = [message["task"] for message in feed.messages if message["type"] == "task" and message["job_id"] == job]
    assert all(map(is_task, tasks))
    made = {task["variant"]: task["result"] for task in tasks if task["status"] == "completed"}
    assert set(made) == {"thumbnail", "grayscale", "blur", "rotate90"}
    assert all(result["url"].startswith("http") for result in made.values())
    own = [message["job"] for message in feed.messages if message["type"] == "job"]
    states = [known["status"] for known in own if known["id"] == job]
    assert states == sorted(states, key=["pending", "running", "completed"].index)
    assert _without_links(latest_records(feed.messages)[job]) == _without_links(api.get(f"/jobs/{job}").body)


def test_a_client_that_reconnects_has_the_same_records_as_one_that_stayed(
    api: ApiClient, deployed: Deployed, feed: SocketClient, done: Callable[..., dict[str, Any]]
) -> None:
    lost = SocketClient(deployed.stack.socket, api.token)
    job = api.run(*_words(12))
    lost.wait_for(lambda message: message["type"] == "task" and message["job_id"] == job, "a first change")
    lost.abort()
    feed.wait_for(lambda message: _completed(message, job) > 4, "the job to go on")
    with closing(SocketClient(deployed.stack.socket, api.token)) as reconnected:
        reconnected.wait_until_ended(job)
        feed.wait_until_ended(job)
        record = done(job)
        for messages in (lost.messages + reconnected.messages, feed.messages):
            assert _without_links(latest_records(messages)[job]) == _without_links(record)


def test_the_snapshot_has_a_job_that_ended_before_the_subscription(
    api: ApiClient, deployed: Deployed, done: Callable[..., dict[str, Any]]
) -> None:
    ended = done(api.run(*_words(3, 0)))
    with closing(SocketClient(deployed.stack.socket, api.token)) as late:
        assert _without_links(latest_records(late.messages)[ended["id"]]) == _without_links(ended)


def test_repeated_and_reordered_messages_give_the_same_records(
    api: ApiClient, feed: SocketClient, done: Callable[..., dict[str, Any]]
) -> None:
    job = api.run(*_words(12, 0.05))
    ended = done(job)
    feed.wait_until_ended(job)
    messages = list(feed.messages)
    for seed in range(20):
        shuffled = random.Random(seed).sample(messages * 2, 2 * len(messages))
        assert _without_links(latest_records(shuffled)[job]) == _without_links(ended)


def test_counts_never_go_back(api: ApiClient, feed: SocketClient) -> None:
    job = api.run(*_words(20, 0))
    feed.wait_until_ended(job)
    counts = [_completed(message, job) for message in feed.messages if _completed(message, job)]
    assert counts == sorted(counts)
    assert counts[-1] == 20


def test_a_subscriber_of_one_job_gets_only_that_jobs_messages(
    api: ApiClient, deployed: Deployed, done: Callable[..., dict[str, Any]]
) -> None:
    mine, other = api.run(*_words(6)), api.run(*_words(6))
    with closing(SocketClient(deployed.stack.socket, api.token, topic=mine)) as subscriber:
        assert subscriber.snapshot["job"]["id"] == mine
        subscriber.wait_until_ended(mine)
        done(other)
        job_ids = {
            message["job_id"] if message["type"] == "task" else message["job"]["id"]
            for message in list(subscriber.messages)
        }
        assert job_ids == {mine}
        subscriber.send(action="unsubscribe", job=mine)
        subscriber.send(action="ping")
        subscriber.wait_for(lambda message: message["type"] == "pong", "a pong")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"action": "subscribe", "job": "j00000000000000000000"}, "no_such_job"),
        ({"action": "subscribe"}, "invalid_message"),
        ({"action": "dance"}, "unknown_action"),
        ({"word": "hello"}, "invalid_message"),
    ],
)
def test_an_invalid_message_is_answered_with_an_error(feed: SocketClient, message: dict[str, str], code: str) -> None:
    feed.send(**message)
    answer = feed.wait_for(lambda sent: sent["type"] == "error", "an error")
    assert answer["error"]["code"] == code


def _completed(message: Message, job: str) -> int:
    known = message["job"] if message["type"] == "job" else None
    return int(known["counts"]["completed"]) if known and known["id"] == job else 0
