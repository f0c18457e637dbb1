"""The numbers are those of the ledger; what happens to the system is told as it happens."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.pipeline.api import Api
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import Feed
from tests.pipeline.lanes import held, lane
from tests.pipeline.waiting import wait_for
from umbel.stack import STACK
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.keys import job_key, task_key
from umbel_core.op_stats import FOREVER

pytestmark = pytest.mark.engine
STATUSES = ("pending", "running", "completed", "failed", "skipped")
STATS_TOPIC = {
    *STATUSES,
    *("in_flight", "queue_depth", "oldest_age_seconds", "average_ms", "p50_ms", "p95_ms"),
    *("throughput_per_minute", "active_workers"),
}


def _of(api: Api, op: str = "slow") -> dict[str, Any]:
    found: dict[str, Any] = api.get("/stats").body["ops"][op]
    return found


def _gained(api: Api, before: dict[str, Any], **expected: int) -> None:
    """Return when the numbers of the op have grown by this, and by nothing else."""
    wanted = {status: before[status] + expected.get(status, 0) for status in STATUSES}
    wait_for(lambda: {status: _of(api)[status] for status in STATUSES} == wanted, f"the numbers to be {wanted}")


def _words(count: int, seconds: float = 0) -> list[dict[str, Any]]:
    return [{"op": "slow", "input": f"word {place}", "params": {"seconds": seconds}} for place in range(count)]


@pytest.fixture
def calm(api: Api) -> dict[str, Any]:
    """The op's numbers while nothing of it is under way."""

    def found() -> dict[str, Any] | None:
        slow = _of(api)
        return None if slow["pending"] or slow["running"] or slow["in_flight"] else slow

    return wait_for(found, "the lane to be calm")


def test_the_answer_has_every_number_of_every_op(api: Api, viewer: Api) -> None:
    stats = viewer.get("/stats").body
    assert set(stats) == {"at", "totals", "ops", "circuits"}
    assert set(stats["totals"]) == STATS_TOPIC
    assert set(stats["ops"]) == {op["name"] for op in api.get("/ops").body["ops"]}
    assert all(
        set(op) == STATS_TOPIC | {"state", "concurrency", "last_success_at", "workers"} for op in stats["ops"].values()
    )


def test_after_known_jobs_the_numbers_are_exact(
    api: Api, calm: dict[str, Any], done: Callable[..., dict[str, Any]]
) -> None:
    done(api.run(*_words(7), {"op": "slow", "input": "x" * 10}))
    _gained(api, calm, completed=8)
    slow = _of(api)
    assert slow["active_workers"] == len(slow["workers"]) >= 1
    assert sum(worker["tasks"] for worker in slow["workers"]) >= 8
    assert slow["throughput_per_minute"] > 0
    assert slow["p50_ms"] <= slow["p95_ms"]
    assert slow["last_success_at"] == lane(api, "slow")["last_success_at"]


def test_what_waits_is_counted_with_its_age(
    api: Api, calm: dict[str, Any], done: Callable[..., dict[str, Any]]
) -> None:
    with held(api, "slow", 4):
        job = api.run(*_words(5))
        wait_for(lambda: _of(api)["queue_depth"] == 5, "five messages to wait")
        _gained(api, calm, pending=5)
        waited = wait_for(lambda: _of(api)["oldest_age_seconds"], "an age")
        wait_for(lambda: _of(api)["oldest_age_seconds"] > waited, "it to grow")
        assert (_of(api)["state"], _of(api)["concurrency"]) == ("paused", 0)
        api.call("DELETE", f"/jobs/{job}")
    _gained(api, calm, skipped=5)
    assert _of(api)["oldest_age_seconds"] is None


def test_the_metrics_are_what_prometheus_reads(viewer: Api) -> None:
    answer = viewer.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(answer.body.decode())}
    completed = {sample.labels["op"]: sample.value for sample in families["umbel_tasks_completed"].samples}
    assert completed.keys() == viewer.get("/stats").body["ops"].keys()


def test_the_op_stats_are_in_the_ledger(api: Api, deployed: Deployed) -> None:
    counted = DynamoCounters(deployed.client("dynamodb"), deployed.stack.table).counted(FOREVER)
    assert counted.forever["slow"].count("completed") == _of(api)["completed"]


def test_scaling_pausing_and_resuming_are_told(api: Api, feed: Feed) -> None:
    with held(api, "sluggish", 4):
        pass
    assert api.put("/ops/sluggish", {"concurrency": 3}).status == 200
    for kind in ("paused", "resumed", "scaled"):
        message = feed.wait_for(lambda each, kind=kind: _is_event(each, kind, "sluggish"), f"{kind} to be told")  # type: ignore[misc]
        assert set(message["event"]) == {"id", "at", "kind", "op", "message"}
    assert api.put("/ops/sluggish", {"concurrency": 4}).status == 200


def _is_event(message: dict[str, Any], kind: str, op: str) -> bool:
    return message["type"] == "system" and (message["event"]["kind"], message["event"].get("op")) == (kind, op)


def test_who_asks_for_numbers_hears_them_again_and_again_until_they_ask_no_more(
    api: Api, deployed: Deployed, feed: Feed
) -> None:
    feed.say(action="stats")
    wait_for(lambda: len(_heard(feed)) > 2, "three messages")
    shown = api.get("/stats").body
    assert _heard(feed)[0].keys() == shown.keys()
    assert _heard(feed)[0]["ops"].keys() == shown["ops"].keys()
    with closing(Feed(deployed.stack.socket, api.token)) as other:
        other.say(action="stats")
        feed.say(action="stats", stop=True)
        wait_for(lambda: len(_moments(other) - _moments(feed)) > 2, "the other alone to hear three")


def _heard(feed: Feed) -> list[dict[str, Any]]:
    return [message["stats"] for message in list(feed.messages) if message["type"] == "stats"]


def _moments(feed: Feed) -> set[str]:
    return {stats["at"] for stats in _heard(feed)}


def test_a_job_whose_record_fell_behind_is_counted_again(
    api: Api, deployed: Deployed, done: Callable[..., dict[str, Any]]
) -> None:
    job = api.run(*_words(3))
    done(job)
    dynamodb, then = deployed.client("dynamodb"), {":then": {"S": "2026-01-31T12:00:00.123Z"}}
    for place in range(3):
        dynamodb.update_item(
            TableName=deployed.stack.table,
            Key=task_key(job, place),
            UpdateExpression="SET finished_at = :then",
            ExpressionAttributeValues=then,
        )

    def mended() -> bool:
        """Until the relay has heard of the tasks' new dates, it may write the job anew."""
        dynamodb.update_item(
            TableName=deployed.stack.table,
            Key=job_key(job),
            UpdateExpression="SET #status = :running, completed = :none, unfinished = :jobs, updated_at = :then",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":running": {"S": "running"}, ":jobs": {"S": "JOBS"}, ":none": {"N": "0"}}
            | then,
        )
        deployed.client("lambda").invoke(FunctionName=f"{STACK}-ticker", Payload=b'{"sweep": true}')
        found = api.get(f"/jobs/{job}").body
        return (found["status"], found["counts"]["completed"]) == ("completed", 3)

    wait_for(mended, "the job to be counted again")
