"""Changes are counted once and sent to all subscribers, however often the stream repeats them."""

import msgspec
import pytest

from relay.changes import read_changes
from relay.relaying import FoldConflictError
from tests.functions.stage import Stage
from umbel_core.intake_messages import read_message
from umbel_core.ledger import Event, JobRecord, TaskRecord
from umbel_core.op_stats import FOREVER, MINUTE, PeriodStats

MANIFEST = b'{"tasks":[{"op":"say","input":"hi"},{"op":"say","input":"bad"}]}'


def worked() -> tuple[Stage, str]:
    """A stage on which a job of two tasks was worked on, and nothing relayed."""
    stage = Stage()
    (created,) = read_message(stage.drop("jobs/a.json", MANIFEST))
    job, _ = stage.planner.take(created)
    for command in stage.tasks.commands:
        stage.runner().run(command, 1)
    return stage, job


def job_in(stage: Stage, job_id: str) -> JobRecord:
    found = stage.ledger.job(job_id)
    assert found
    return found


def test_a_redelivered_batch_is_told_again_and_counted_once() -> None:
    stage, job = worked()
    stage.connections.subscribe("s1", job)
    first = stage.relay_all()
    counted = job_in(stage, job)
    assert (counted.completed, counted.failed, counted.status) == (1, 1, "failed")
    assert stage.relay_all() >= first
    again = job_in(stage, job)
    assert (again.completed, again.failed, again.version) == (1, 1, counted.version)


def test_what_listeners_hear_last_is_what_the_ledger_says() -> None:
    stage, job = worked()
    stage.connections.subscribe("s1", job)
    relayed = 0
    while relayed < len(stage.ledger.stream):  # what the relay writes comes back to it
        end = len(stage.ledger.stream)
        stage.relay_all(relayed)
        relayed = end
    heard = stage.connections.received["s1"]
    jobs = [message["job"] for message in heard if message["type"] == "job"]
    newest = max(jobs, key=lambda each: each["version"])
    assert (newest["status"], newest["counts"]["failed"]) == ("failed", 1)
    tasks = {message["task"]["id"]: message["task"]["status"] for message in heard if message["type"] == "task"}
    assert set(tasks.values()) == {"completed", "failed"}


def test_everyone_hears_but_those_who_listen_to_something_else() -> None:
    stage, job = worked()
    for socket, topic in (("mine", job), ("all", "*"), ("other", "j0"), ("both", "*"), ("both", job)):
        stage.connections.subscribe(socket, topic)
    stage.relay_all()
    assert (
        stage.connections.received["mine"]
        == stage.connections.received["all"]
        == stage.connections.received["both"]
        != []
    )
    assert "other" not in stage.connections.received


def test_a_gone_socket_is_forgotten_and_the_others_hear_all() -> None:
    stage, job = worked()
    for number in range(20):
        stage.connections.subscribe(f"s{number}", job)
    stage.connections.gone = {"s7"}
    stage.relay_all()
    assert len({len(stage.connections.received[f"s{number}"]) for number in range(20) if number != 7}) == 1
    assert "s7" not in stage.connections.subscribers([job])[job]


def test_nobody_listening_costs_no_message() -> None:
    stage, job = worked()
    assert stage.relay_all() == 0
    assert job_in(stage, job).completed == 1


def test_somebody_writing_in_between_does_not_lose_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, job = worked()
    write = stage.ledger.write

    def after_a_cancel(jobs: list[tuple[JobRecord, JobRecord]], op_stats: list[PeriodStats]) -> bool:
        monkeypatch.setattr(stage.ledger, "write", write)
        stage.ledger.cancel(job)
        return write(jobs, op_stats)

    monkeypatch.setattr(stage.ledger, "write", after_a_cancel)
    stage.relay_all()
    found = job_in(stage, job)
    assert (found.status, found.completed, found.failed) == ("cancelled", 1, 1)


def test_a_record_that_will_not_hold_still_has_the_batch_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, job = worked()
    monkeypatch.setattr(stage.ledger, "write", lambda *_: False)
    with pytest.raises(FoldConflictError, match=job):
        stage.relay_all()


def test_changes_of_a_job_that_expired_are_passed_over() -> None:
    stage, _ = worked()
    lost = TaskRecord(job_id="j9", index=0, op="say", variant="v", input="x", queued_at="t")
    stage.ledger.plan(JobRecord(id="j8", kind="task", name="n", created_at="t", updated_at="t"), [lost])
    stage.ledger.start(lost.command(), 1, "t")
    removed = {"eventName": "REMOVE", "dynamodb": {"Keys": {"sk": {"S": "JOB"}}, "SequenceNumber": "99"}}
    stage.ledger.stream.append(removed)
    assert msgspec.json.encode(stage.ledger.stream)
    stage.relay_all()


def test_a_redelivered_batch_is_tallied_once() -> None:
    stage, _ = worked()
    stage.relay_all()
    first = stage.ledger.counted(MINUTE)
    stage.relay_all()
    assert stage.ledger.counted(MINUTE) == first
    say = first.forever["say"]
    assert {status: say.count(status) for status in ("pending", "running", "completed", "failed", "skipped")} == {
        "pending": 0,
        "running": 0,
        "completed": 1,
        "failed": 1,
        "skipped": 0,
    }
    (minute,) = first.minutes.values()
    assert (minute["say"].runs, len(minute["say"].workers), FOREVER in first.minutes) == (2, 2, False)


def test_an_event_is_sent_to_the_subscribers_of_all_jobs_and_to_nobody_else() -> None:
    stage, job = worked()
    stage.connections.subscribe("all", "*")
    stage.connections.subscribe("one", job)
    relayed = len(stage.ledger.stream)
    stage.ledger.record_event(Event(kind="paused", op="say", message="say is paused."))
    assert stage.relay_all(relayed) == 1
    (message,) = stage.connections.received["all"]
    assert (message["type"], message["event"]["kind"], message["event"]["op"]) == ("system", "paused", "say")
    assert {"id", "at", "message"} <= set(message["event"])
    assert "one" not in stage.connections.received


@pytest.mark.parametrize(("connections", "seconds"), [(1, 1), (20, 4)])
def test_counting_waits_for_a_push_for_a_second_at_most_and_no_connection_for_five(
    connections: int, seconds: int
) -> None:
    stage, job = worked()
    for number in range(connections):
        stage.connections.subscribe(f"s{number}", job)
    stage.relay_all()
    assert stage.connections.seconds == seconds


def test_a_counted_job_is_pushed_together_with_its_tasks_and_not_again_when_the_stream_returns_it() -> None:
    stage, job = worked()
    stage.connections.subscribe("s1", job)
    relayed = len(stage.ledger.stream)
    stage.relay_all()
    ended, *_ = [each["job"] for each in stage.connections.received["s1"] if each["type"] == "job"]
    assert (ended["status"], ended["counts"]["failed"]) == ("failed", 1)
    assert stage.relay_all(relayed) == 0, "only the relay's own write has come since"


def test_a_relay_that_died_after_its_count_pushes_the_job_when_the_batch_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage, job = worked()
    stage.connections.subscribe("s1", job)
    with monkeypatch.context() as broken:
        broken.setattr(stage.connections, "subscribers", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            stage.relay_all()
    stage.relay_all()
    assert [each["job"]["status"] for each in stage.connections.received["s1"] if each["type"] == "job"] == ["failed"]


def test_a_few_connections_get_a_push_at_once_and_many_from_the_fan_out() -> None:
    stage, job = worked()
    for number in range(4):
        stage.connections.subscribe(f"s{number}", job)
    changes = read_changes(stage.ledger.stream)
    assert stage.relay.relay(changes) == 4
    assert (len(stage.connections.received["s0"]), stage.fanout.pushes) == (3, [])
    stage.connections.subscribe("s4", "*")
    assert stage.relay.relay(changes) == 5
    assert "s4" not in stage.connections.received
    (push,) = stage.fanout.pushes
    assert push.subscribers == {"*": ["s4"], job: ["s0", "s1", "s2", "s3"]}
    stage.fan_out()
    assert [each["type"] for each in stage.connections.received["s4"]] == ["job", "task", "task"]


def test_the_fan_out_sends_of_several_pushes_the_newest_records() -> None:
    stage, job = worked()
    for number in range(5):
        stage.connections.subscribe(f"s{number}", job)
    end = len(stage.ledger.stream)
    for start in range(end):
        stage.relay.relay(read_changes(stage.ledger.stream[start : start + 1]))
    assert len(stage.fanout.pushes) == 3, "the planned job, and each task with its counted job"
    stage.fan_out()
    heard = stage.connections.received["s3"]
    assert [each["type"] for each in heard] == ["job", "task", "task"]
    assert heard[0]["job"]["status"] == "failed"


def test_what_could_be_counted_is_pushed_before_the_batch_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, job = worked()
    stage.connections.subscribe("s1", job)
    monkeypatch.setattr(stage.ledger, "write", lambda *_: False)
    with pytest.raises(FoldConflictError, match=job):
        stage.relay_all()
    assert {each["type"] for each in stage.connections.received["s1"]} == {"job", "task"}
