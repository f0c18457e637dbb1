"""Tests of crawls: one page per URL, at most `workers` at a time, pushed as they are fetched, and cancelled."""

import json
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from tests.fetching.server import Site
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import SocketClient
from tests.pipeline.lanes import most_at_once
from tests.pipeline.waiting import wait_for

pytestmark = pytest.mark.engine

UNUSUAL = ("/good", "/polish-header", "/missing", "/loop", "/binary", "/cut-short", "/to?http://127.0.0.1:1/", "/bomb")
Done = Callable[..., dict[str, Any]]


def crawl(api: ApiClient, **body: Any) -> str:
    """Start a crawl; return its job's id."""
    answer = api.post("/crawls", body)
    assert answer.status == 202, answer
    return str(answer.body["job_id"])


def test_every_url_has_exactly_one_page(api: ApiClient, web: Site, done: Done) -> None:
    urls = [*(web.url(path) for path in UNUSUAL), "http://nobody.invalid/", "http://10.0.0.1/", web.url("/good")]
    job = crawl(api, urls=urls)
    ended = done(job)
    assert (ended["kind"], ended["status"], ended["counts"]["completed"]) == ("crawl", "completed", len(urls))
    pages = [task["result"] for task in api.tasks(job)]
    assert [page["url"] for page in pages] == urls
    assert all({"url", "status", "title", "bytes", "took_ms"} <= set(page) for page in pages)
    assert [(page["status"], page.get("error")) for page in pages] == [
        (200, None),
        (200, None),
        (404, None),
        (0, "redirect_loop"),
        (200, None),
        (0, "bad_answer"),
        (0, "forbidden_address"),
        (200, None),
        (0, "dead_host"),
        (0, "forbidden_address"),
        (200, None),
    ]
    assert [page["title"] for page in pages][:2] == ["A good page", "Zażółć gęślą jaźń"]


def test_at_most_as_many_pages_are_fetched_at_a_time_as_there_are_workers(
    api: ApiClient, web: Site, done: Done
) -> None:
    job = crawl(api, urls=[web.url(f"/slow?0.1&{index}") for index in range(20)], workers=3)
    assert done(job)["counts"]["completed"] == 20
    tasks = api.tasks(job)
    assert {task["group"] for task in tasks} == {"worker-1", "worker-2", "worker-3"}
    assert most_at_once(tasks) == 3


def test_a_slow_page_holds_up_no_other_when_pages_go_to_idle_workers(api: ApiClient, web: Site, done: Done) -> None:
    paths = [f"/slow?2&{index}" if index % 4 == 3 else f"/good?{index}" for index in range(16)]
    job = crawl(api, urls=[web.url(path) for path in paths], workers=4, policy="idle")
    assert done(job)["counts"]["completed"] == 16
    tasks = api.tasks(job)
    assert {task["result"]["status"] for task in tasks} == {200}
    assert most_at_once(tasks) <= 4
    # One worker would take 8 seconds for its four slow pages.
    assert (
        _seconds(max(task["finished_at"] for task in tasks)) - _seconds(min(task["started_at"] for task in tasks)) < 4
    )


def test_a_crawl_obeys_robots_txt_keeps_its_pauses_and_its_deadline(api: ApiClient, web: Site, done: Done) -> None:
    urls = [web.url("/not-for-robots"), *(web.url(f"/good?{index}") for index in range(3))]
    polite = crawl(api, urls=urls, workers=4, per_host={"delay_seconds": 0.6})
    late = crawl(api, urls=[web.url(f"/slow?1.5&{index}") for index in range(8)], workers=1, deadline_seconds=2)
    assert done(polite)["status"] == "completed"
    tasks = api.tasks(polite)
    assert [task["result"].get("error") for task in tasks] == ["robots_disallowed", None, None, None]
    ends = sorted(_seconds(task["finished_at"]) for task in tasks[1:])
    assert all(later - earlier > 0.5 for earlier, later in pairwise(ends))
    assert done(late)["counts"]["skipped"] > 0
    assert {task["error"]["code"] for task in api.tasks(late) if task["status"] == "skipped"} == {"deadline"}


def test_the_first_page_is_pushed_before_the_last_is_fetched_and_a_cancelled_crawl_stops(
    api: ApiClient, web: Site, done: Done, feed: SocketClient
) -> None:
    job = crawl(api, urls=[web.url(f"/slow?0.2&{index}") for index in range(60)], workers=4)
    feed.wait_for(lambda message: message["type"] == "task" and message["job_id"] == job, "the first page")
    assert done(job, "running")["counts"]["completed"] < 60
    assert api.call("DELETE", f"/jobs/{job}").status == 202
    wait_for(lambda: _all_ended(api, job), "the rest to be skipped", timeout=15)
    ended = done(job)
    assert ended["status"] == "cancelled"
    assert 0 < ended["counts"]["completed"] < 60
    skipped = [task for task in api.tasks(job) if task["status"] == "skipped"]
    assert len(skipped) + ended["counts"]["completed"] == 60
    assert {task["error"]["code"] for task in skipped} == {"cancelled"}


def test_a_crawl_started_by_a_socket_is_pushed_to_it_and_cancelled_when_it_closes(
    api: ApiClient, web: Site, done: Done, deployed: Deployed
) -> None:
    subscriber = SocketClient(deployed.stack.socket, api.token)
    subscriber.send(action="crawl", urls=[web.url(f"/slow?0.2&{index}") for index in range(60)], workers=2)
    snapshot = subscriber.wait_for(lambda message: message["type"] == "snapshot" and message["topic"] != "*", "its job")
    job = snapshot["topic"]
    subscriber.wait_for(lambda message: message["type"] == "task" and message["job_id"] == job, "its first page")
    subscriber.close()
    assert done(job)["status"] == "cancelled"


def test_a_crawl_can_be_uploaded_as_a_file(
    upload: Callable[[str, bytes], None], job_for: Callable[..., Any], web: Site, api: ApiClient
) -> None:
    upload("jobs/pages.json", json.dumps({"urls": [web.url("/good")] * 3, "workers": 2, "policy": "host"}).encode())
    job = job_for("jobs/pages.json")
    assert (job.kind, job.status, job.completed) == ("crawl", "completed", 3)
    assert {task["group"] for task in api.tasks(job.id)} == {"worker-1"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"urls": []}, "invalid_manifest"),
        ({"urls": ["ftp://example.org/"]}, "invalid_input"),
        ({"urls": ["http://example.org/"], "workers": 65}, "invalid_manifest"),
        ({"count": 1}, "invalid_manifest"),
    ],
)
def test_an_invalid_crawl_is_refused_before_it_starts(api: ApiClient, body: dict[str, Any], code: str) -> None:
    answer = api.post("/crawls", body)
    assert (answer.status, answer.body["error"]["code"]) == (400, code)


def test_requests_to_a_failing_host_are_stopped_until_a_probe_succeeds(
    api: ApiClient, web: Site, done: Done, deployed: Deployed, feed: SocketClient
) -> None:
    # By another host name, because the other tests use this server too. An earlier run may have opened its circuit.
    host = web.place.replace("127.0.0.1", "localhost")
    deployed.circuits.answered(host)
    urls = [web.url(f"/broken?{index}", "localhost") for index in range(8)]
    job = crawl(api, urls=urls, workers=1)
    assert done(job)["status"] == "completed"
    pages = [task["result"] for task in api.tasks(job)]
    assert [page.get("error") for page in pages] == [*[None] * 5, *["circuit_open"] * 3]
    wait_for(lambda: api.get("/health").body["circuits"].get(host) == "open", "the circuit in GET /health")
    wait_for(
        lambda: api.get("/stats").body["circuits"].get(host, {}).get("state") == "open", "the circuit in GET /stats"
    )
    assert f'umbel_circuit_open{{host="{host}"}} 1.0' in api.get("/metrics").body.decode()
    feed.wait_for(lambda message: _event(message) == ("circuit_opened", host), "the event that it opened")
    assert done(crawl(api, urls=[web.url("/good")]))["status"] == "completed"

    deployed.client("dynamodb").update_item(
        TableName=deployed.stack.table,
        Key={"pk": {"S": "CIRCUITS"}, "sk": {"S": host}},
        UpdateExpression="SET open_until = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )

    def probed() -> bool:
        job = crawl(api, urls=[web.url("/good", "localhost")])
        done(job)
        return bool(api.tasks(job)[0]["result"]["status"] == 200)

    wait_for(probed, "a probe to succeed")
    assert host not in deployed.circuits.all()
    feed.wait_for(lambda message: _event(message) == ("circuit_closed", host), "the event that it closed")


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _event(message: dict[str, Any]) -> tuple[str, str] | None:
    event = message.get("event", {})
    return (event.get("kind"), event.get("host")) if message["type"] == "system" else None


def _all_ended(api: ApiClient, job: str) -> bool:
    return all(task["status"] in ("completed", "skipped") for task in api.tasks(job))
