"""The changes that the relay reads from the stream."""

import copy
from typing import Any

import msgspec
import pytest

from relay.changes import Changes, read_changes
from tests.functions.stage import Stage
from umbel_core.aws.dynamo import item
from umbel_core.aws.keys import job_key, task_key
from umbel_core.contract.limits import KEPT_VARIANTS
from umbel_core.intake_messages import read_message
from umbel_core.ledger import JobRecord, TaskRecord


def change(old: JobRecord | TaskRecord | None, new: JobRecord | TaskRecord, number: int = 1) -> dict[str, Any]:
    key = job_key(new.id) if isinstance(new, JobRecord) else task_key(new.job_id, new.index)
    images = {"NewImage": item(new)} | ({"OldImage": item(old)} if old else {})
    return {
        "eventName": "MODIFY" if old else "INSERT",
        "dynamodb": {"Keys": key, "SequenceNumber": f"{number}", **images},
    }


def a_job(**changes: Any) -> JobRecord:
    job = JobRecord(
        id="j1", kind="task", name="n", created_at="t", updated_at="t", planned=True, total=2, status="running"
    )
    return msgspec.structs.replace(job, **changes)


def read(*records: dict[str, Any]) -> Changes:
    return read_changes(records)


@pytest.mark.parametrize(
    ("old", "new", "is_news"),
    [
        (None, a_job(), True),
        (a_job(), a_job(status="completed"), True),
        (a_job(planned=False), a_job(), True),
        (a_job(), a_job(completed=1), False),
        (a_job(total=KEPT_VARIANTS), a_job(total=KEPT_VARIANTS, completed=1), False),
        (a_job(total=KEPT_VARIANTS + 1), a_job(total=KEPT_VARIANTS + 1, completed=1), True),
    ],
)
def test_the_counts_of_a_small_job_are_no_news_because_its_tasks_are_sent(
    old: JobRecord | None, new: JobRecord, is_news: bool
) -> None:
    assert bool(read(change(old, new)).jobs) == is_news


def test_of_several_records_of_a_job_the_newest_counts() -> None:
    planned, ended = a_job(version=2), a_job(version=3, status="completed")
    assert read(change(None, planned), change(planned, ended, 2)).jobs == [ended]


def test_a_new_task_is_no_change_and_a_moved_one_has_its_old_status() -> None:
    pending = TaskRecord(job_id="j1", index=0, op="say", variant="v", input="x", queued_at="t")
    ended = msgspec.structs.replace(pending, status="completed")
    changes = read(change(None, pending), change(pending, ended, 12)).tasks
    assert [(each.old, each.task) for each in changes] == [("pending", ended)]


def test_sequence_numbers_compare_as_text() -> None:
    task = TaskRecord(job_id="j1", index=0, op="say", variant="v", input="x", queued_at="t")
    first, second = read(change(task, task, 9), change(task, task, 10)).tasks
    assert first.sequence < second.sequence


def test_a_record_that_cannot_be_read_is_set_aside_and_the_others_are_read() -> None:
    stage = Stage()
    for created in read_message(stage.drop("jobs/1.json", b'{"tasks":[{"op":"say","input":"hi"}]}')):
        stage.planner.take(created)
    stage.runner().run(stage.tasks.commands[0], 1)
    good = stage.ledger.stream
    bad = copy.deepcopy(good[-1])
    bad["dynamodb"]["NewImage"]["status"] = {"S": "lost"}
    changes = read_changes([bad, *good])
    assert changes.unreadable == [bad]
    assert msgspec.structs.replace(changes, unreadable=[]) == read_changes(good)
