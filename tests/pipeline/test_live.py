"""The live feed: a snapshot, then every change; what a client makes of it equals the ledger."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.pipeline.api import Api
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import Feed, Message, board
from tests.pipeline.shapes import is_job, is_task
from umbel_core.ledger import Job

pytestmark = pytest.mark.engine


def _bare(job: Message) -> Message:
    """A job without what differs from reader to reader: links are signed anew for each."""
    variants = {name: (variant["status"], variant["version"]) for name, variant in job["variants"].items()}
    return {**job, "variants": variants}


def _words(count: int, seconds: float = 0.2) -> Iterator[dict[str, Any]]:
    return ({"op": "slow", "input": f"word {place}", "params": {"seconds": seconds}} for place in range(count))


def test_a_picture_is_seen_from_its_first_variant_to_its_last(
    api: Api, feed: Feed, upload: Callable[[str, bytes], None], job_for: Callable[..., Job], photos: dict[str, bytes]
) -> None:
    assert all(map(is_job, feed.snapshot["jobs"]))
    upload("uploads/seen live.jpg", photos["coffee.jpg"])
    job = job_for("uploads/seen live.jpg").id
    feed.ended(job)
    tasks = [message["task"] for message in feed.messages if message["type"] == "task" and message["job_id"] == job]
    assert all(map(is_task, tasks))
    made = {task["variant"]: task["result"] for task in tasks if task["status"] == "completed"}
    assert set(made) == {"thumbnail", "grayscale", "blur", "rotate90"}
    assert all(result["url"].startswith("http") for result in made.values())
    own = [message["job"] for message in feed.messages if message["type"] == "job"]
    states = [known["status"] for known in own if known["id"] == job]
    assert states == sorted(states, key=["pending", "running", "completed"].index)
    assert _bare(board(feed.messages)[job]) == _bare(api.get(f"/jobs/{job}").body)


def test_who_lost_the_socket_ends_up_equal_to_who_did_not(
    api: Api, deployed: Deployed, feed: Feed, done: Callable[..., dict[str, Any]]
) -> None:
    lost = Feed(deployed.stack.socket, api.token)
    job = api.run(*_words(12))
    lost.wait_for(lambda message: message["type"] == "task" and message["job_id"] == job, "a first change")
    lost.cut()
    feed.wait_for(lambda message: _completed(message, job) > 4, "the job to go on")
    with closing(Feed(deployed.stack.socket, api.token)) as back:
        back.ended(job)
        feed.ended(job)
        ledger = done(job)
        for seen in (lost.messages + back.messages, feed.messages):
            assert _bare(board(seen)[job]) == _bare(ledger)


def test_who_was_away_for_all_of_it_finds_it_in_the_snapshot(
    api: Api, deployed: Deployed, done: Callable[..., dict[str, Any]]
) -> None:
    ended = done(api.run(*_words(3, 0)))
    with closing(Feed(deployed.stack.socket, api.token)) as late:
        assert _bare(board(late.messages)[ended["id"]]) == _bare(ended)


def test_messages_that_come_twice_or_late_move_nothing_back(
    api: Api, feed: Feed, done: Callable[..., dict[str, Any]]
) -> None:
    job = api.run(*_words(12, 0.05))
    ended = done(job)
    feed.ended(job)
    messages = list(feed.messages)
    for seed in range(20):
        shuffled = random.Random(seed).sample(messages * 2, 2 * len(messages))
        assert _bare(board(shuffled)[job]) == _bare(ended)


def test_counts_never_go_back(api: Api, feed: Feed) -> None:
    job = api.run(*_words(20, 0))
    feed.ended(job)
    counts = [_completed(message, job) for message in feed.messages if _completed(message, job)]
    assert counts == sorted(counts)
    assert counts[-1] == 20


def test_one_jobs_listener_hears_of_that_job_alone(
    api: Api, deployed: Deployed, done: Callable[..., dict[str, Any]]
) -> None:
    mine, other = api.run(*_words(6)), api.run(*_words(6))
    with closing(Feed(deployed.stack.socket, api.token, topic=mine)) as listening:
        assert listening.snapshot["job"]["id"] == mine
        listening.ended(mine)
        done(other)
        named = [message.get("job_id") or message["job"]["id"] for message in list(listening.messages)]
        assert set(named) == {mine}
        listening.say(action="unsubscribe", job=mine)
        listening.say(action="ping")
        listening.wait_for(lambda message: message["type"] == "pong", "a pong")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"action": "subscribe", "job": "j00000000000000000000"}, "no_such_job"),
        ({"action": "subscribe"}, "invalid_message"),
        ({"action": "dance"}, "unknown_action"),
        ({"say": "hello"}, "invalid_message"),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_sentence(feed: Feed, message: dict[str, str], code: str) -> None:
    feed.say(**message)
    answer = feed.wait_for(lambda said: said["type"] == "error", "an error")
    assert answer["error"]["code"] == code


def _completed(message: Message, job: str) -> int:
    known = message["job"] if message["type"] == "job" else None
    return int(known["counts"]["completed"]) if known and known["id"] == job else 0
