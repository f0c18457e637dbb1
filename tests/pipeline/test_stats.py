"""Tests of the stats: they equal the ledger, subscribers get them repeatedly, and events are pushed."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import SocketClient
from tests.pipeline.lanes import lane, paused
from tests.pipeline.waiting import wait_for
from umbel.stack import STACK
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.keys import job_key, task_key
from umbel_core.fused_lane import FUSED
from umbel_core.op_stats import FOREVER

pytestmark = pytest.mark.engine
STATUSES = ("pending", "running", "completed", "failed", "skipped")
STATS_TOPIC = {
    *STATUSES,
    *("in_flight", "queue_depth", "oldest_age_seconds", "average_ms", "p50_ms", "p95_ms"),
    *("throughput_per_minute", "active_workers", "executions_per_task"),
}


def _of(api: ApiClient, op: str = "slow") -> dict[str, Any]:
    found: dict[str, Any] = api.get("/stats").body["ops"][op]
    return found


def _wait_for_increase(api: ApiClient, before: dict[str, Any], **expected: int) -> None:
    """Wait until the op's counts have increased by exactly these numbers."""
    wanted = {status: before[status] + expected.get(status, 0) for status in STATUSES}
    wait_for(lambda: {status: _of(api)[status] for status in STATUSES} == wanted, f"the counts to be {wanted}")


def _words(count: int, seconds: float = 0) -> list[dict[str, Any]]:
    return [{"op": "slow", "input": f"word {index}", "params": {"seconds": seconds}} for index in range(count)]


@pytest.fixture
def idle_stats(api: ApiClient) -> dict[str, Any]:
    """Wait until no task of the op is pending, running or in flight; return its stats."""

    def found() -> dict[str, Any] | None:
        slow = _of(api)
        return None if slow["pending"] or slow["running"] or slow["in_flight"] else slow

    return wait_for(found, "the lane to be idle")


def test_the_response_has_all_stats_of_every_op(api: ApiClient, viewer: ApiClient) -> None:
    stats = viewer.get("/stats").body
    assert set(stats) == {"at", "totals", "ops", "circuits"}
    assert set(stats["totals"]) == STATS_TOPIC
    assert set(stats["ops"]) == {op["name"] for op in api.get("/ops").body["ops"]} | {FUSED}
    assert all(
        set(op) == STATS_TOPIC | {"state", "concurrency", "last_success_at", "workers"} for op in stats["ops"].values()
    )


def test_the_stats_are_exact_after_known_jobs(
    api: ApiClient, idle_stats: dict[str, Any], done: Callable[..., dict[str, Any]]
) -> None:
    done(api.run(*_words(7), {"op": "slow", "input": "x" * 10}))
    _wait_for_increase(api, idle_stats, completed=8)
    slow = _of(api)
    assert slow["active_workers"] == len(slow["workers"]) >= 1
    assert sum(worker["tasks"] for worker in slow["workers"]) >= 8
    assert slow["throughput_per_minute"] > 0
    assert slow["p50_ms"] <= slow["p95_ms"]
    assert slow["last_success_at"] == lane(api, "slow")["last_success_at"]


def test_waiting_tasks_are_counted_with_their_age(
    api: ApiClient, idle_stats: dict[str, Any], done: Callable[..., dict[str, Any]]
) -> None:
    with paused(api, "slow", 4):
        job = api.run(*_words(5))
        wait_for(lambda: _of(api)["queue_depth"] == 5, "five messages to wait")
        _wait_for_increase(api, idle_stats, pending=5)
        waited = wait_for(lambda: _of(api)["oldest_age_seconds"], "an age to be reported")
        wait_for(lambda: _of(api)["oldest_age_seconds"] > waited, "the age to grow")
        assert (_of(api)["state"], _of(api)["concurrency"]) == ("paused", 0)
        api.call("DELETE", f"/jobs/{job}")
    _wait_for_increase(api, idle_stats, skipped=5)
    assert _of(api)["oldest_age_seconds"] is None


def test_prometheus_can_parse_the_metrics(viewer: ApiClient) -> None:
    answer = viewer.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(answer.body.decode())}
    completed = {sample.labels["op"]: sample.value for sample in families["umbel_tasks_completed"].samples}
    assert completed.keys() == viewer.get("/stats").body["ops"].keys()


def test_the_op_stats_are_in_the_ledger(api: ApiClient, deployed: Deployed) -> None:
    counted = DynamoCounters(deployed.client("dynamodb"), deployed.stack.table).counted(FOREVER)
    assert counted.forever["slow"].count("completed") == _of(api)["completed"]


def test_scaling_pausing_and_resuming_are_pushed_as_events(api: ApiClient, feed: SocketClient) -> None:
    with paused(api, "sluggish", 4):
        pass
    assert api.put("/ops/sluggish", {"concurrency": 3}).status == 200
    for kind in ("paused", "resumed", "scaled"):
        message = feed.wait_for(lambda each, kind=kind: _is_event(each, kind, "sluggish"), f"the event {kind}")  # type: ignore[misc]
        assert set(message["event"]) == {"id", "at", "kind", "op", "message"}
    assert api.put("/ops/sluggish", {"concurrency": 4}).status == 200


def _is_event(message: dict[str, Any], kind: str, op: str) -> bool:
    return message["type"] == "system" and (message["event"]["kind"], message["event"].get("op")) == (kind, op)


def test_a_subscriber_of_stats_gets_them_repeatedly_until_it_unsubscribes(
    api: ApiClient, deployed: Deployed, feed: SocketClient
) -> None:
    feed.send(action="stats")
    wait_for(lambda: len(_heard(feed)) > 2, "three messages")
    shown = api.get("/stats").body
    assert _heard(feed)[0].keys() == shown.keys()
    assert _heard(feed)[0]["ops"].keys() == shown["ops"].keys()
    with closing(SocketClient(deployed.stack.socket, api.token)) as other:
        other.send(action="stats")
        feed.send(action="stats", stop=True)
        wait_for(lambda: len(_moments(other) - _moments(feed)) > 2, "only the other subscriber to get three")


def _heard(feed: SocketClient) -> list[dict[str, Any]]:
    return [message["stats"] for message in list(feed.messages) if message["type"] == "stats"]


def _moments(feed: SocketClient) -> set[str]:
    return {stats["at"] for stats in _heard(feed)}


def test_a_job_whose_record_is_out_of_date_is_recounted(
    api: ApiClient, deployed: Deployed, done: Callable[..., dict[str, Any]]
) -> None:
    job = api.run(*_words(3))
    done(job)
    dynamodb, then = deployed.client("dynamodb"), {":then": {"S": "2026-01-31T12:00:00.123Z"}}
    for index in range(3):
        dynamodb.update_item(
            TableName=deployed.stack.table,
            Key=task_key(job, index),
            UpdateExpression="SET finished_at = :then",
            ExpressionAttributeValues=then,
        )

    def recounted() -> bool:
        """Write an old record and start the sweep. The relay may still overwrite the record: then this is repeated."""
        dynamodb.update_item(
            TableName=deployed.stack.table,
            Key=job_key(job),
            UpdateExpression="SET #status = :running, completed = :none, updated_at = :then, "
            "unfinished_shard = job_shard",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":running": {"S": "running"}, ":none": {"N": "0"}} | then,
        )
        event = b'{"sweep": true, "silent_seconds": 0}'
        deployed.client("lambda").invoke(FunctionName=f"{STACK}-ticker", Payload=event)
        found = api.get(f"/jobs/{job}").body
        return (found["status"], found["counts"]["completed"]) == ("completed", 3)

    wait_for(recounted, "the job to be recounted")
