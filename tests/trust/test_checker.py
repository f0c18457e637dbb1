"""The checker of the campaign finds each kind of broken promise, and nothing where everything held."""

from typing import Any

import pytest

from tests.trust.checker import violations
from tests.trust.history import Expected, Final, History, Record, Sent

JOB = "j1"


def task(place: int = 0, **changes: Any) -> Record:
    return {
        "id": f"{JOB}.{place}",
        "op": "upper",
        "group": None,
        "status": "completed",
        "result": "A",
        "error": None,
        "attempts": 1,
        "version": 2,
        "started_at": f"2026-01-31T12:00:0{place}.100Z",
        "finished_at": f"2026-01-31T12:00:0{place}.900Z",
        **changes,
    }


FAILED: Record = {"status": "failed", "result": None, "error": {"code": "bad", "message": "Bad."}}
SKIPPED: Record = {"status": "skipped", "result": None, "error": {"code": "group_stopped", "message": "Stopped."}}


def given_up(last_error: str) -> Record:
    message = f"Given up after 5 attempts; the last error was {last_error}."
    return {"status": "failed", "result": None, "error": {"code": "given_up", "message": message}}


def found(
    *tasks: Record,
    expected: Expected | None = None,
    seen: tuple[Record, ...] = (),
    fetched: int = 1,
    job: Record | None = None,
    **sent: Any,
) -> list[str]:
    """Return the kinds of violations of a job with these tasks at the end."""
    history = History()
    wanted = {str(place): expected or Expected(value="A") for place in range(len(tasks))}
    history.sent[JOB] = Sent(
        **{"job_id": JOB, "kind": "values", "by": "place", "expected": wanted, "at": 0.0, "ended_at": 9.0, **sent}
    )
    history.take(*seen)
    statuses = [each["status"] for each in tasks]
    counts = {"total": len(tasks), **{name: statuses.count(name) for name in ("completed", "failed", "skipped")}}
    status = "completed" if counts["completed"] == len(tasks) else "failed"
    final = Final(job={"id": JOB, "status": status, "counts": counts, **(job or {})}, tasks=list(tasks), pictures={})
    return [each.kind for each in violations(history, {JOB: final}, {"/page": fetched})]


def test_nothing_is_found_where_every_task_ended_once_as_expected() -> None:
    assert found(task(), task(1), seen=(task(version=1, status="pending", result=None), task(), task())) == []


@pytest.mark.parametrize(
    ("kinds", "case"),
    [
        (["double"], {"seen": (task(version=1),)}),
        (["went back"], {"seen": (task(version=1), task(version=2, status="running"))}),
        (["late"], {"ended_at": None}),
        (["late"], {"ended_at": 700.0}),
        (["wrong"], {"expected": Expected(value="B")}),
        (["wrong"], {"expected": Expected(picture=(1, 1))}),
        (["wrong"], {"expected": Expected(fields={"status": 200})}),
        (["uncounted"], {"expected": Expected(page="/page"), "fetched": 2}),
        (["wrong"], {"expected": Expected(page="/page"), "fetched": 0}),
        (["counts"], {"job": {"counts": {"total": 1, "completed": 0, "failed": 1, "skipped": 0}}}),
        (["counts"], {"job": {"status": "failed"}}),
    ],
)
def test_each_broken_promise_is_found(kinds: list[str], case: dict[str, Any]) -> None:
    assert set(kinds) <= set(found(task(version=3 if kinds == ["went back"] else 2), **case))


def test_a_job_that_is_gone_is_lost() -> None:
    history = History()
    history.sent[JOB] = Sent(job_id=JOB, kind="values", by="place", expected={}, at=0.0)
    assert [each.kind for each in violations(history, {}, {})] == ["lost"]


def test_a_task_that_has_not_ended_is_found() -> None:
    assert "unfinished" in found(task(status="pending", result=None), job={"status": "running"})


def test_a_dead_letter_needs_an_injected_error_or_a_killed_worker() -> None:
    assert found(task(**given_up("KeyError: 'x'"))) == ["dead letter"]
    assert found(task(**given_up("ClientError: Rate exceeded (injected by the fault proxy)"))) == []


def test_a_retry_allows_one_more_end() -> None:
    first = task(version=1, **FAILED)
    assert found(task(version=3), seen=(first, task(version=2, status="pending")), retries=[1.0]) == []


def test_behind_a_failed_task_of_its_group_nothing_runs() -> None:
    wanted = Expected(status="failed", code="bad")
    failed = task(**FAILED, group="one")
    assert "order" not in found(failed, task(1, **SKIPPED, group="one"), expected=wanted, stop_group=True)
    assert "order" in found(failed, task(1, group="one"), expected=wanted, stop_group=True)


def test_the_tasks_of_an_ordered_group_do_not_overlap() -> None:
    early = task(1, group="one", started_at="2026-01-31T12:00:00.500Z")
    assert found(task(group="one"), task(1, group="one"), ordered=True) == []
    assert found(task(group="one"), early, ordered=True) == ["order"]
