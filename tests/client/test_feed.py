"""Following jobs: by the socket, through lost connections and lost messages, and by polling."""

import msgspec
import pytest

from tests.client.fake_api import FakeApi
from tests.client.fake_socket import Connection, talking
from umbel import Client, JobMessage, TaskMessage, feed
from umbel_core.contract import Job, Manifest, SnapshotMessage, Task, TaskSpec


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_POLL_SECONDS", "_TICK_SECONDS", "_CONNECT_AGAIN_SECONDS"):
        monkeypatch.setattr(feed, name, 0.02)


@pytest.fixture
def job_id(client: Client) -> str:
    """A job of three tasks."""
    return client.submit(Manifest([TaskSpec("upper", word) for word in "abc"])).id


def _seen(messages: list[JobMessage | TaskMessage]) -> tuple[list[str], str]:
    """Return the results of the ended tasks, and the status in the last message."""
    ended = [message.task.result for message in messages if isinstance(message, TaskMessage) and message.task.ended]
    last = messages[-1]
    assert isinstance(last, JobMessage)
    return sorted(ended), last.job.status


def test_changes_come_by_the_socket(fake: FakeApi, job_id: str) -> None:
    def talk(connection: Connection) -> None:
        assert connection.receive() == {"action": "subscribe", "job": job_id}
        job = msgspec.convert(fake.job(job_id), Job)
        tasks = msgspec.convert(fake.jobs[job_id], list[Task])
        connection.send(SnapshotMessage(topic=job_id, job=job, tasks=tasks, more=False))
        fake.end_some(job_id)
        for task in msgspec.convert(fake.jobs[job_id], list[Task]):
            connection.send(TaskMessage(job_id=job_id, task=task))
        connection.send(JobMessage(job=msgspec.convert(fake.job(job_id), Job)))
        connection.stay()

    with talking(talk) as url, Client(endpoint=fake.url, socket=url) as client:
        messages = list(client.watch(job_id))
    assert _seen(messages) == (["A", "B", "C"], "completed")
    assert len([message for message in messages if isinstance(message, TaskMessage)]) == 6, "each pending, then ended"
    assert f"GET /jobs/{job_id}/tasks" not in fake.asked, "nothing was missing"


def test_a_lost_connection_is_made_again_and_the_snapshot_brings_what_was_missed(fake: FakeApi, job_id: str) -> None:
    def lost(connection: Connection) -> None:
        connection.receive()

    def kept(connection: Connection) -> None:
        connection.receive()
        fake.end_some(job_id)
        job = msgspec.convert(fake.job(job_id), Job)
        connection.send(SnapshotMessage(topic=job_id, job=job, tasks=msgspec.convert(fake.jobs[job_id], list[Task])))
        connection.stay()

    with talking(lost, kept) as url, Client(endpoint=fake.url, socket=url) as client:
        assert _seen(list(client.watch(job_id))) == (["A", "B", "C"], "completed")


def test_the_end_of_a_task_that_no_message_brought_is_read(fake: FakeApi, job_id: str) -> None:
    def talk(connection: Connection) -> None:
        connection.receive()
        fake.end_some(job_id)
        connection.send(TaskMessage(job_id=job_id, task=msgspec.convert(fake.jobs[job_id][1], Task)))
        connection.send(JobMessage(job=msgspec.convert(fake.job(job_id), Job)))
        connection.stay()

    with talking(talk) as url, Client(endpoint=fake.url, socket=url) as client:
        assert _seen(list(client.watch(job_id))) == (["A", "B", "C"], "completed")


@pytest.mark.parametrize("text", ["", "not JSON", '{"message": "Internal server error", "connectionId": "x"}', "[1]"])
def test_a_message_that_cannot_be_read_is_skipped(fake: FakeApi, job_id: str, text: str) -> None:
    def talk(connection: Connection) -> None:
        connection.receive()
        connection.send_text(text)
        fake.end_some(job_id)
        connection.stay()

    with talking(talk) as url, Client(endpoint=fake.url, socket=url) as client:
        assert _seen(list(client.watch(job_id))) == (["A", "B", "C"], "completed")


def test_a_list_of_messages_is_read_whole_and_so_is_the_single_message_of_an_older_deployment(
    fake: FakeApi, job_id: str
) -> None:
    def talk(connection: Connection) -> None:
        connection.receive()
        fake.end_some(job_id)
        job = JobMessage(job=msgspec.convert(fake.job(job_id), Job))
        first, *others = [TaskMessage(job_id=job_id, task=msgspec.convert(task, Task)) for task in fake.jobs[job_id]]
        connection.send_single(first)
        connection.send_list(job, *others)
        connection.stay()

    with talking(talk) as url, Client(endpoint=fake.url, socket=url) as client:
        assert _seen(list(client.watch(job_id))) == (["A", "B", "C"], "completed")
    assert f"GET /jobs/{job_id}/tasks" not in fake.asked, "nothing was missing"


def test_a_job_whose_last_message_was_lost_ends_although_messages_of_another_arrive(
    fake: FakeApi, client: Client, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_POLL_SECONDS", 3600.0)
    monkeypatch.setattr(feed, "_SILENT_SECONDS", 0.05)
    other = client.submit(Manifest([TaskSpec("upper", "d")])).id

    def talk(connection: Connection) -> None:
        connection.receive()
        fake.end_some(job_id)
        for version in range(2, 10_000):
            job = msgspec.structs.replace(msgspec.convert(fake.job(other), Job), version=version)
            connection.send(JobMessage(job=job))

    with talking(talk) as url:
        following = feed.Feed(client.http, url, everything=True)
        following.follow(job_id)
        following.follow(other)
        assert any(
            change.job.id == job_id
            for change in following.changes(lambda: following.ended(job_id))
            if isinstance(change, JobMessage)
        )


@pytest.mark.parametrize("socket", [None, "ws://127.0.0.1:9"], ids=["none", "dead"])
def test_without_a_connection_jobs_are_polled_and_tasks_come_before_the_end(fake: FakeApi, socket: str | None) -> None:
    with Client(endpoint=fake.url, socket=socket) as client:
        job = client.submit(Manifest([TaskSpec("upper", f"word {number}") for number in range(500)]))
        fake.end_some(job.id)
        messages = client.watch(job)
        kinds = [type(next(messages)) for _ in range(10)]
        assert TaskMessage in kinds, "pages show as they come, not at the end"
        results, status = _seen(list(messages))
    assert (len(results) + kinds.count(TaskMessage), status) == (500, "completed")


def test_waiting_for_a_job_reads_no_tasks(client: Client, fake: FakeApi, job_id: str) -> None:
    fake.status[job_id] = "completed"
    assert client.job(job_id).wait().status == "completed"
    assert f"GET /jobs/{job_id}/tasks" not in fake.asked
