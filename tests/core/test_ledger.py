"""The behaviour of every ledger: the one on DynamoDB, and the fake that other tests use."""

import msgspec
import pytest

from tests.fakes import FakeLedger
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.clock import now
from umbel_core.errors import Rejected
from umbel_core.ids import new_job_id
from umbel_core.ledger import DeadLetter, ErrorRecord, JobRecord, Ledger, Outcome, TaskRecord


@pytest.fixture(params=["fake", pytest.param("engine", marks=pytest.mark.engine)])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    return FakeLedger() if request.param == "fake" else request.getfixturevalue("table_of_our_own")


@pytest.fixture(scope="module")
def table_of_our_own(request: pytest.FixtureRequest) -> DynamoLedger:
    """A table like the deployed one, so that these jobs are not among the real ones."""
    deployed = request.getfixturevalue("deployed")
    dynamodb = deployed.client("dynamodb")
    like = dynamodb.describe_table(TableName=deployed.stack.table)["Table"]
    dynamodb.create_table(
        TableName="made-up",
        KeySchema=like["KeySchema"],
        AttributeDefinitions=like["AttributeDefinitions"],
        GlobalSecondaryIndexes=[
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in like["GlobalSecondaryIndexes"]
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return DynamoLedger(dynamodb, "made-up", retention_days=1)


def a_job(tasks: int = 2, **fields: object) -> tuple[JobRecord, list[TaskRecord]]:
    moment = now()
    job = JobRecord(
        id=new_job_id(), kind="task", name="n", created_at=moment, updated_at=moment, planned=True, total=tasks
    )
    # An op that is not deployed, so that no worker runs these tasks.
    of = [
        TaskRecord(job_id=job.id, index=i, op="none", variant=f"v{i}", input=[i], queued_at=moment)
        for i in range(tasks)
    ]
    return JobRecord(**{name: fields.get(name, getattr(job, name)) for name in job.__struct_fields__}), of  # type: ignore[arg-type]


def ended(status: str = "completed", **fields: object) -> Outcome:
    return Outcome(status=status, finished_at=now(), **fields)  # type: ignore[arg-type]


def test_a_job_is_planned_once(ledger: Ledger) -> None:
    job, tasks = a_job()
    assert ledger.plan(job, tasks)
    assert not ledger.plan(job, tasks)
    assert [task.index for task in ledger.all_tasks(job.id)] == [0, 1]
    found = ledger.job(job.id)
    assert found
    assert (found.planned, found.total, found.status) == (True, 2, "pending")


def test_a_second_plan_does_not_reset_tasks(ledger: Ledger) -> None:
    job, tasks = a_job()
    ledger.plan(job, tasks)
    ledger.commit(tasks[0].command(), ended(result={"n": 1.5}))
    assert not ledger.plan(job, tasks)
    assert [task.status for task in ledger.all_tasks(job.id)] == ["completed", "pending"]


def test_a_pending_job_belongs_to_the_first_upload_that_claims_it(ledger: Ledger) -> None:
    job, _ = a_job(planned=False, total=0)
    assert not ledger.claim(job.id, "one"), "there is no such job"
    ledger.expect(job)
    assert [ledger.claim(job.id, upload) for upload in ("one", "two", "one")] == [True, False, True]


def test_a_pending_job_may_be_written_twice_when_the_first_answer_was_lost(ledger: Ledger) -> None:
    job, _ = a_job(planned=False, total=0)
    ledger.expect(job)
    ledger.expect(job)
    found = ledger.job(job.id)
    assert found
    assert found.status == "pending"


def test_a_pending_job_is_planned_and_a_cancelled_one_only_as_cancelled(ledger: Ledger) -> None:
    job, tasks = a_job(planned=False, total=0)
    ledger.expect(job)
    cancelled, others = a_job(planned=False, total=0)
    ledger.expect(cancelled)
    ledger.cancel(cancelled.id)
    job.planned = cancelled.planned = True
    assert ledger.plan(job, tasks)
    assert not ledger.plan(cancelled, others)
    assert list(ledger.all_tasks(cancelled.id)) == []
    cancelled.status = "cancelled"
    assert ledger.plan(cancelled, others)
    assert ledger.job(cancelled.id) == cancelled


def test_a_job_that_could_not_be_planned_may_be_planned_later(ledger: Ledger) -> None:
    job, tasks = a_job(planned=False, status="failed", errors=[ErrorRecord("not_planned", "…")])
    assert ledger.plan(job, [])
    job.planned, job.status, job.errors = True, "pending", []
    assert ledger.plan(job, tasks)


def test_the_first_outcome_counts_and_no_other(ledger: Ledger) -> None:
    job, tasks = a_job()
    ledger.plan(job, tasks)
    command = tasks[0].command()
    assert ledger.start(command, 1, now())
    assert ledger.commit(command, ended(result={"pi": 3.14, "text": "ü", "many": [1, {"a": None}]}, attempts=2))
    assert not ledger.commit(command, ended("failed", error=ErrorRecord("c", "m")))
    assert not ledger.start(command, 3, now())
    ledger.record_error(command, 9, "late")
    task = ledger.task(job.id, 0)
    assert task
    assert (task.status, task.attempts, task.error, task.last_error) == ("completed", 2, None, None)
    assert task.result == {"pi": 3.14, "text": "ü", "many": [1, {"a": None}]}


def test_a_task_that_is_not_there_has_no_outcome(ledger: Ledger) -> None:
    _, tasks = a_job()
    assert not ledger.commit(tasks[0].command(), ended())
    assert ledger.task(tasks[0].job_id, 0) is None
    assert ledger.job(tasks[0].job_id) is None


def test_an_error_is_stored_while_the_task_has_not_ended(ledger: Ledger) -> None:
    job, tasks = a_job()
    ledger.plan(job, tasks)
    ledger.record_error(tasks[0].command(), 1, "x" * 5000)
    task = ledger.task(job.id, 0)
    assert task
    assert (task.status, task.last_error, task.transient_refusals) == ("pending", "x" * 1000, 0)


def test_transient_refusals_are_counted_in_each_round(ledger: Ledger) -> None:
    job, tasks = a_job()
    ledger.plan(job, tasks)
    for _ in range(2):
        ledger.record_error(tasks[0].command(), 1, "x", transient=True)
    first = ledger.task(job.id, 0)
    ledger.commit(tasks[0].command(), ended("failed", error=ErrorRecord("c", "m")))
    again, _ = ledger.reopen(job.id, None)
    ledger.record_error(again.command(), 1, "y", transient=True)
    second = ledger.task(job.id, 0)
    assert first
    assert second
    assert (first.transient_refusals, second.transient_refusals) == (2, 1)


def test_only_failed_and_skipped_tasks_start_over(ledger: Ledger) -> None:
    job, tasks = a_job(4)
    ledger.plan(job, tasks)
    ledger.commit(tasks[0].command(), ended(result=1))
    ledger.commit(tasks[1].command(), ended("failed", error=ErrorRecord("c", "m")))
    ledger.commit(tasks[2].command(), ended("skipped"))
    assert [task.index for task in ledger.reopen(job.id, None)] == [1, 2, 3]
    again = ledger.task(job.id, 1)
    assert again
    assert (again.status, again.round, again.error, again.finished_at) == ("pending", 1, None, None)
    assert not ledger.commit(tasks[1].command(), ended()), "an outcome of the round before"
    assert ledger.commit(again.command(), ended())
    assert [task.index for task in ledger.reopen(job.id, [1, 3])] == [3]


def test_a_retried_task_keeps_nothing_of_its_earlier_run_but_the_cost(ledger: Ledger) -> None:
    job, tasks = a_job(1)
    tasks[0].visit_time, tasks[0].etag, tasks[0].params = "noon", "e", {"radius": 2}
    ledger.plan(job, tasks)
    run = {"worker": "w1", "duration_ms": 5, "cost_nano": 7, "started_at": now(), "attempts": 3}
    ledger.commit(tasks[0].command(), ended("failed", error=ErrorRecord("c", "m"), **run))
    ledger.reopen(job.id, None)
    again = ledger.task(job.id, 0)
    assert again
    assert again == msgspec.structs.replace(tasks[0], round=1, version=3, cost_nano=7, queued_at=again.queued_at)


def test_pending_tasks_of_a_cancelled_job_start_over_too(ledger: Ledger) -> None:
    job, tasks = a_job(3)
    ledger.plan(job, tasks)
    ledger.commit(tasks[0].command(), ended(result=1))
    ledger.cancel(job.id)
    ledger.commit(tasks[1].command(), ended("skipped"))
    assert [(task.index, task.round) for task in ledger.reopen(job.id, None, waiting=True)] == [(1, 1), (2, 1)]
    assert not ledger.commit(tasks[2].command(), ended("skipped")), "a worker that does not know of the retry yet"
    assert [(task.index, task.round) for task in ledger.reopen(job.id, None)] == [(1, 1), (2, 1)]


def test_a_pending_task_that_may_be_running_does_not_start_over(ledger: Ledger) -> None:
    job, tasks = a_job(2)
    ledger.plan(job, tasks)
    assert ledger.begin(tasks[0].command(), "claim", 30, again=False)
    assert [(task.index, task.round) for task in ledger.reopen(job.id, None, waiting=True)] == [(0, 0), (1, 1)]
    assert ledger.commit(tasks[0].command(), ended(result=1)), "its effects have happened"


def test_what_a_job_sends_is_written_only_over_the_record_that_was_read(ledger: Ledger) -> None:
    job, tasks = a_job(max_in_flight=1, held="1")
    ledger.plan(job, tasks)
    written = ledger.set_sending(msgspec.structs.replace(job, held="", sending="1"))
    assert written
    assert written == ledger.job(job.id)
    assert (written.held, written.sending, written.version) == ("", "1", job.version + 1)
    assert ledger.set_sending(job) is None
    assert ledger.job(job.id) == written


def test_tasks_are_found_by_their_indices_in_order(ledger: Ledger) -> None:
    job, tasks = a_job(5)
    ledger.plan(job, tasks)
    assert [task.index for task in ledger.tasks_at(job.id, {4, 0, 3, 9})] == [0, 3, 4]


def test_a_cancelled_job_stays_cancelled(ledger: Ledger) -> None:
    job, tasks = a_job()
    ledger.plan(job, tasks)
    stopped = ledger.cancel(job.id)
    assert stopped
    assert stopped.status == "cancelled"
    assert ledger.cancelled([job.id, new_job_id()]) == {job.id}
    assert ledger.cancel(job.id) == ledger.job(job.id)
    assert ledger.cancel(new_job_id()) is None
    ledger.commit(tasks[0].command(), ended("skipped"))
    found = ledger.job(job.id)
    assert found
    assert found.status == "cancelled"


@pytest.mark.parametrize(
    ("status", "resumed"),
    [("running", "running"), ("completed", "completed"), ("failed", "pending"), ("cancelled", "pending")],
)
def test_only_a_failed_or_cancelled_job_is_resumed(ledger: Ledger, status: str, resumed: str) -> None:
    job, tasks = a_job(status="running" if status == "cancelled" else status)
    ledger.plan(job, tasks)
    if status == "cancelled":
        ledger.cancel(job.id)
    ledger.resume(job.id)
    found = ledger.job(job.id)
    assert found
    assert found.status == resumed
    assert not ledger.cancelled([job.id])


def test_tasks_come_in_order_and_in_pages(ledger: Ledger) -> None:
    job, tasks = a_job(12)
    ledger.plan(job, tasks)
    for task in tasks[::2]:
        ledger.commit(task.command(), ended())
    seen, cursor = [], None
    while True:
        page, cursor = ledger.tasks(job.id, "completed", 4, cursor)
        seen += [task.index for task in page]
        if cursor is None:
            break
        assert len(page) == 4
    assert seen == [0, 2, 4, 6, 8, 10]


def test_jobs_come_newest_first(ledger: Ledger) -> None:
    made = []
    for moment in ("2999-01-01T00:00:00.000Z", "2999-01-01T00:00:01.000Z", "2999-01-01T00:00:02.000Z"):
        job, _ = a_job(0, created_at=moment, kind="crawl")
        ledger.plan(job, [])
        made.append(job.id)
    first, cursor = ledger.jobs(2, None, None, "crawl")
    rest, _ = ledger.jobs(2, cursor, None, "crawl")
    assert [job.id for job in (*first, *rest)][:3] == made[::-1]


def test_dead_letters_are_kept_until_they_are_redriven(ledger: Ledger) -> None:
    op = new_job_id()
    dead_letter = DeadLetter(op=op, id="m1", body="{}", reason="r", at=now(), job_id="j", index=0)
    ledger.put_dead_letter(dead_letter)
    ledger.put_dead_letter(dead_letter)
    assert ledger.dead_letters(op) == [dead_letter]
    ledger.delete_dead_letter(dead_letter)
    assert ledger.dead_letters(op) == []


@pytest.mark.engine
@pytest.mark.parametrize("cursor", ["nonsense", "W10="])
def test_a_made_up_cursor_is_refused(cursor: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(Rejected, match="cursor"):
        request.getfixturevalue("deployed").ledger.jobs(5, cursor)


def test_a_failure_stops_its_group_and_a_retry_removes_the_stop(ledger: Ledger) -> None:
    job, tasks = a_job(3)
    for task, group in zip(tasks, ("a", "a", "b"), strict=True):
        task.group, task.stop_group = group, True
    ledger.plan(job, tasks)
    assert ledger.stopped(job.id, "a") is None
    assert ledger.commit(tasks[0].command(), ended("failed", error=ErrorRecord("broken", "It is broken.")))
    reason = ledger.stopped(job.id, "a")
    assert reason
    assert "'a'" in reason
    assert ledger.stopped(job.id, "b") is None
    assert [task.index for task in ledger.reopen(job.id, [0])] == [0]
    assert ledger.stopped(job.id, "a") is None
