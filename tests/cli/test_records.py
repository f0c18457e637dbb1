"""Tests that the client's record of a job never goes back to an older version, whatever the messages' order."""

import itertools

from umbel.records import Board, Job, Problem, Task, Variant


def _job(version: int, **variants: Variant) -> Job:
    return Job(id="j", status="running" if version < 3 else "completed", version=version, variants=variants)


def test_every_order_of_the_same_messages_gives_the_same_state() -> None:
    messages: list[Job | Task] = [
        _job(1, blur=Variant(status="pending", version=1)),
        _job(2, blur=Variant(status="running", version=2)),
        _job(3, blur=Variant(status="completed", version=3, url="u")),
        Task(id="t", job_id="j", variant="blur", status="completed", version=3, result={"url": "u"}),
    ]
    for order in itertools.permutations(messages):
        board = Board()
        for message in (*order, *order):
            if isinstance(message, Job):
                board.take_job(message)
            else:
                board.take_task(message)
        assert board.jobs["j"].status == "completed"
        assert board.jobs["j"].variants["blur"].status == "completed"


def test_a_tasks_message_changes_its_job_at_once() -> None:
    board = Board()
    board.take_job(_job(1, blur=Variant(version=1)))
    job = board.take_task(Task(id="t", job_id="j", variant="blur", status="completed", version=2, result={"bytes": 7}))
    assert job is not None
    assert (job.variants["blur"].status, job.variants["blur"].bytes) == ("completed", 7)


def test_each_error_sentence_of_job_and_variants_is_shown_once() -> None:
    job = Job(
        id="j",
        errors=[{"code": "c", "message": "too large"}],
        variants={"a": Variant(error=Problem("c", "too large")), "b": Variant()},
    )
    assert job.sentences == ["too large"]
