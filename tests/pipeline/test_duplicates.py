"""Tests that messages that are repeated, late or reordered change nothing."""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.fetching.server import Site
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.lanes import intake_paused, paused, receive_all, send_all, wait_until_empty
from umbel_core.ledger import JobRecord, TaskRecord

pytestmark = pytest.mark.engine


def test_an_s3_event_that_is_repeated_and_reordered_makes_one_job(
    deployed: Deployed,
    upload: Callable[[str, bytes], None],
    job_for: Callable[..., JobRecord],
    photos: dict[str, bytes],
) -> None:
    keys = [f"uploads/again {index}.jpg" for index in range(3)]
    with intake_paused(deployed):
        for key in keys:
            upload(key, photos["cat.jpg"])
        events = receive_all(deployed, "intake", len(keys))
        send_all(deployed, "intake", random.Random(1).sample(events * 3, len(events) * 3))
    first = [job_for(key) for key in keys]
    made = [_tasks(deployed, job) for job in first]
    send_all(deployed, "intake", events)
    wait_until_empty(deployed, "intake")
    jobs, _ = deployed.ledger.jobs(60, None)
    assert sorted(job.source or "" for job in jobs if job.id in {job.id for job in first} or job.source in keys) == keys
    for job in first:
        assert (job.status, job.total, job.completed, job.failed) == ("completed", 4, 4, 0)
        assert len(deployed.results(job.id)) == 4
        found = deployed.ledger.job(job.id)
        assert found
        assert _without_cost(found) == _without_cost(job)
    assert [_tasks(deployed, job) for job in first] == made


def _tasks(deployed: Deployed, job: JobRecord) -> list[TaskRecord]:
    tasks, _ = deployed.ledger.tasks(job.id, None, 10, None)
    return [msgspec.structs.replace(task, cost_nano=0) for task in tasks]


def _without_cost(job: JobRecord) -> JobRecord:
    """The record without what a repeated run adds to it: its cost, which is counted whenever the run ends."""
    return msgspec.structs.replace(job, cost_nano=0, folded_to="", version=0, updated_at="")


def test_a_task_message_that_is_repeated_and_reordered_has_one_outcome(
    api: ApiClient, deployed: Deployed, done: Callable[..., dict[str, Any]]
) -> None:
    with paused(api, "slow", 4):
        words: list[dict[str, Any]] = [
            {"op": "slow", "input": f"word {index}", "params": {"seconds": 0.05}} for index in range(12)
        ]
        job = api.run(*words)
        messages = receive_all(deployed, "op-slow", len(words))
        send_all(deployed, "op-slow", random.Random(2).sample(messages * 2, 2 * len(messages)))
    ended, tasks = done(job), api.tasks(job)
    send_all(deployed, "op-slow", messages)
    wait_until_empty(deployed, "op-slow")
    assert ended["counts"] == {"total": 12, "completed": 12, "failed": 0, "skipped": 0}
    assert [task["result"] for task in tasks] == [word["input"][::-1] for word in words]
    assert api.tasks(job) == tasks
    counted_again = ("cost_usd", "version", "updated_at", "variants")
    found = api.get(f"/jobs/{job}").body
    assert {name: found[name] for name in found if name not in counted_again} == {
        name: ended[name] for name in ended if name not in counted_again
    }
    assert found["cost_usd"] >= ended["cost_usd"]


def test_five_copies_of_a_message_fetch_a_page_once(
    api: ApiClient, deployed: Deployed, web: Site, done: Callable[..., dict[str, Any]]
) -> None:
    web.files["/copies"] = b"<title>Once</title>"
    with paused(api, "fetch", 8):
        job = api.run({"op": "fetch", "input": web.url("/copies")})
        (message,) = receive_all(deployed, "op-fetch.fifo", 1)
        send_all(deployed, "op-fetch.fifo", [message] * 5)
    assert done(job)["counts"]["completed"] == 1
    wait_until_empty(deployed, "op-fetch.fifo")
    assert web.asked.count("/copies") == 1
    (task,) = api.tasks(job)
    assert task["attempts"] == 1


def test_an_object_in_the_results_bucket_starts_no_job(
    deployed: Deployed,
    upload: Callable[[str, bytes], None],
    job_for: Callable[..., JobRecord],
    photos: dict[str, bytes],
) -> None:
    results = {"Bucket": deployed.stack.results_bucket, "Body": photos["cat.jpg"]}
    upload("uploads/before.jpg", photos["cat.jpg"])
    before = job_for("uploads/before.jpg")
    for key in ("uploads/result.jpg", "jobs/result.json", "result.jpg"):
        deployed.client("s3").put_object(Key=key, **results)
    upload("uploads/after.jpg", photos["cat.jpg"])
    after = job_for("uploads/after.jpg")
    jobs, _ = deployed.ledger.jobs(20, None)
    assert [job.id for job in jobs if job.created_at >= before.created_at] == [after.id, before.id]


def test_the_results_bucket_sends_no_events(deployed: Deployed) -> None:
    found = deployed.client("s3").get_bucket_notification_configuration(Bucket=deployed.stack.results_bucket)
    assert not {"QueueConfigurations", "TopicConfigurations", "LambdaFunctionConfigurations"} & set(found)
