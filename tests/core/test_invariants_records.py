"""What the contract shows of records, and counts that are made anew from a job's tasks."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from umbel_core import contract
from umbel_core.catalogue import Catalogue, read_ops
from umbel_core.contract import TaskSpec
from umbel_core.contract.limits import KEPT_VARIANTS
from umbel_core.contract.records import TaskStatus
from umbel_core.cost import plan_cost_nano
from umbel_core.errors import Rejected
from umbel_core.fold import TaskChange, fold, recount, uncounted
from umbel_core.ledger import ErrorRecord, Event, JobRecord, TaskRecord
from umbel_core.op import OpDeclarationError
from umbel_core.views import error_view, event_view, job_view, single_task_view, task_view, variant_of

MOMENT = "2026-01-31T12:00:00.123Z"
LATER = "2026-01-31T12:00:01.123Z"


def link(key: str) -> str:
    return f"https://results.example/{key}"


def a_job(**fields: Any) -> JobRecord:
    given: dict[str, Any] = {"kind": "task", "name": "n", "created_at": MOMENT, "updated_at": LATER, **fields}
    return JobRecord(id="j1", **given)


def a_task(index: int = 0, status: TaskStatus = "completed", **fields: Any) -> TaskRecord:
    given: dict[str, Any] = {"op": "soft", "variant": f"v{index}", "input": "k", "queued_at": MOMENT, **fields}
    return TaskRecord(job_id="j1", index=index, status=status, **given)


def test_a_job_is_shown_with_every_field() -> None:
    job = a_job(
        status="running",
        recipe="hero",
        source="uploads/k",
        asked=TaskSpec(op="soft", input="k", params={"width": 3, "height": 4}),
        total=9,
        completed=1,
        failed=2,
        skipped=3,
        cost_nano=1_500_000,
        version=7,
        errors=[ErrorRecord("c", "m", task="j1.0", variant="v", group="g", path="/p")],
        variants={"v": {"op": "soft", "status": "completed", "version": 2, "key": "j1/v.png"}},
    )
    shown = job_view(job, link)
    error = contract.JobError(code="c", message="m", task="j1.0", variant="v", group="g", path="/p")
    assert shown == contract.Job(
        id="j1",
        kind="task",
        name="n",
        status="running",
        counts=contract.Counts(total=9, completed=1, failed=2, skipped=3),
        created_at=MOMENT,
        updated_at=LATER,
        recipe="hero",
        source="uploads/k",
        width=3,
        height=4,
        errors=[error],
        cost_usd=0.0015,
        version=7,
        variants={
            "v": contract.Variant(op="soft", status="completed", version=2, key="j1/v.png", url=link("j1/v.png"))
        },
    )
    assert job_view(job, link, variants=False) == msgspec.structs.replace(shown, variants=msgspec.UNSET)


def test_a_price_in_dollars_is_a_billionth_of_the_nano_dollars() -> None:
    assert job_view(a_job(cost_nano=2_000_000_000), link).cost_usd == 2.0


@pytest.mark.parametrize(
    ("kind", "group", "store", "sentence"),
    [
        ("batch", "S1", "S1", "m"),
        ("batch", None, msgspec.UNSET, msgspec.UNSET),
        ("crawl", "S1", msgspec.UNSET, msgspec.UNSET),
    ],
)
def test_an_error_of_a_batch_names_its_store(kind: Any, group: str | None, store: Any, sentence: Any) -> None:
    (error,) = job_view(a_job(kind=kind, errors=[ErrorRecord("c", "m", group=group)]), link).errors
    assert (error.store_id, error.error) == (store, sentence)
    assert error.group == (msgspec.UNSET if group is None else group)


def test_a_task_is_shown_with_every_field() -> None:
    fields: dict[str, Any] = {
        "params": {"radius": 2},
        "group": "g",
        "visit_time": "noon",
        "attempts": 3,
        "worker": "w",
        "version": 5,
        "started_at": MOMENT,
        "finished_at": LATER,
        "duration_ms": 1000,
    }
    task = a_task(1, "failed", result={"key": "j1/v.png"}, error=ErrorRecord("c", "m", path="/p"), **fields)
    error = contract.Error(code="c", message="m", path="/p")
    assert task_view(task, link) == contract.Task(
        id="j1.1",
        job_id="j1",
        op="soft",
        variant="v1",
        input="k",
        status="failed",
        result={"key": "j1/v.png", "url": link("j1/v.png")},
        error=error,
        queued_at=MOMENT,
        **fields,
    )
    assert task_view(a_task(result=[1, {"key": "x"}]), link).result == [1, {"key": "x"}]
    assert single_task_view("t1", task, link) == contract.SingleTask(
        id="t1",
        type="soft",
        payload="k",
        result={"key": "j1/v.png", "url": link("j1/v.png")},
        status="failed",
        timestamp_created=MOMENT,
        timestamp_completed=LATER,
        error=error,
    )
    assert single_task_view("t1", a_task(), link).error is msgspec.UNSET
    assert error_view(ErrorRecord("c", "m")).path is msgspec.UNSET


def test_a_variant_of_an_earlier_version_has_no_warnings() -> None:
    stored = {"old": {"key": "j1/old.png"}, "new": {"key": "j1/new.png", "warnings": [{"code": "c", "message": "m"}]}}
    variants = job_view(a_job(variants=stored), link).variants
    assert variants
    assert variants["old"].warnings == []
    assert variants["new"].warnings == [contract.ResultWarning(code="c", message="m")]


def test_an_event_is_shown_with_every_field() -> None:
    event = Event(kind="paused", message="m", op="soft", host="h", id="e1", at=MOMENT)
    assert event_view(event) == contract.SystemEvent(
        id="e1", at=MOMENT, kind="paused", message="m", op="soft", host="h"
    )
    assert event_view(Event(kind="paused", message="m")).host is msgspec.UNSET


def test_a_job_keeps_of_a_task_what_a_list_shows() -> None:
    file = {"key": "j1/v.png", "bytes": 3}
    done = a_task(duration_ms=0, version=4, result=file)
    assert variant_of(done) == {"op": "soft", "status": "completed", "version": 4, "duration_ms": 0, **file}
    failed = a_task(status="failed", error=ErrorRecord("c", "m", task="t"), result={"pixels": 3})
    assert variant_of(failed) == {
        "op": "soft",
        "status": "failed",
        "version": 1,
        "error": {"code": "c", "message": "m"},
    }


def changed(task: TaskRecord, old: TaskStatus = "pending", place: int = 1) -> TaskChange:
    return TaskChange(f"{place:040}", old, task)


def test_counting_makes_a_job_newer_and_remembers_how_far_it_came() -> None:
    before = a_job(total=3, version=4, cost_nano=10, folded_to=f"{1:040}", updated_at="2020-01-01T00:00:00.000Z")
    after = fold(before, [changed(a_task(0, cost_nano=5), place=3), changed(a_task(1, cost_nano=7), place=2)])
    assert after
    assert (after.version, after.folded_to, after.cost_nano, after.completed) == (5, f"{3:040}", 22, 2)
    assert after.updated_at > MOMENT
    assert uncounted(after, [changed(a_task(2), place=3), changed(a_task(2), place=4)]) == [changed(a_task(2), place=4)]


def test_every_run_costs_and_a_change_within_a_status_counts_nothing() -> None:
    job = a_job(total=2)
    running = fold(job, [changed(a_task(0, "running", cost_nano=5))])
    same = fold(job, [changed(a_task(0, "completed", cost_nano=5, version=9), "completed")])
    assert running
    assert same
    assert (running.cost_nano, running.status, running.variants["v0"]["status"]) == (5, "running", "running")
    assert (same.cost_nano, same.completed, same.variants["v0"]["version"]) == (5, 0, 9)


def test_of_two_errors_a_retry_removes_that_of_its_own_task() -> None:
    failures = [changed(a_task(n, "failed", error=ErrorRecord("c", f"m{n}")), place=n + 1) for n in range(2)]
    failed = fold(a_job(total=2), failures)
    assert failed
    again = fold(failed, [changed(a_task(0, "pending"), "failed", 9)])
    assert again
    assert ([error.task for error in again.errors], again.failed, again.status) == (["j1.1"], 1, "running")


@pytest.mark.parametrize(("total", "kept"), [(KEPT_VARIANTS, True), (KEPT_VARIANTS + 1, False)])
def test_a_job_of_few_tasks_keeps_their_results(total: int, kept: bool) -> None:
    folded = fold(a_job(total=total), [changed(a_task(0))])
    assert folded
    assert (folded.variants != {}) is kept


def test_a_recount_is_of_the_tasks_alone_and_never_costs_less() -> None:
    """What it cost to plan the job and to count its tasks is in the job and in no task."""
    wrong: dict[str, Any] = {"completed": 7, "failed": 8, "skipped": 9, "errors": [ErrorRecord("old", "m")]}
    job = a_job(total=3, cost_nano=90_000, variants={"old": {}}, folded_to=f"{5:040}", version=3, **wrong)
    tasks = [
        a_task(0, cost_nano=5),
        a_task(1, "failed", cost_nano=6, error=ErrorRecord("c", "m")),
        a_task(2, "skipped"),
    ]
    counted = recount(job, tasks)
    assert (counted.completed, counted.failed, counted.skipped, counted.status) == (1, 1, 1, "failed")
    assert [error.code for error in counted.errors] == ["c"]
    assert list(counted.variants) == ["v0", "v1", "v2"]
    assert counted.cost_nano == 90_000
    assert (counted.folded_to, counted.version) == (f"{5:040}", 4)
    assert recount(msgspec.structs.replace(job, cost_nano=3), tasks).cost_nano == plan_cost_nano(3) + 11


def test_a_recount_of_a_job_whose_changes_never_arrived_counts_all() -> None:
    counted = recount(a_job(total=1), [a_task(0)])
    assert (counted.completed, counted.status, counted.folded_to) == (1, "completed", "0")
    assert recount(a_job(total=1, completed=1, cost_nano=4), []) == a_job(total=1, cost_nano=4)


OP = """from umbel_core.op import op


@op({settings})
def {name}(url: str) -> str:
    '''Answer.'''
    return url
"""


def written(folder: Path, **settings: str) -> Path:
    for name, setting in settings.items():
        (folder / f"{name}.py").write_text(OP.format(name=name, settings=setting))
    return folder


def test_a_kind_of_job_is_served_by_one_op(tmp_path: Path) -> None:
    folder = written(tmp_path, first='serves="batch"', other='serves="crawl"', second='serves="batch"')
    with pytest.raises(OpDeclarationError, match=r"^second\.py: 'first' serves a batch already; only one op may$"):
        read_ops(folder)


def test_ops_that_serve_different_kinds_or_none_go_together(tmp_path: Path) -> None:
    catalogue = read_ops(written(tmp_path, first='serves="batch"', other='serves="crawl"', plain="", plainer=""))
    assert list(catalogue) == ["first", "other", "plain", "plainer"]
    assert (catalogue.serving("batch"), catalogue.serving("crawl")) == ("first", "other")
    with pytest.raises(Rejected, match=r"^unknown_op: No op that is deployed here serves a batch\.$"):
        Catalogue([catalogue["plain"]]).serving("batch")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def other(): ...", "must define a function named 'bad'"),
        ("bad = 3", "must define a function named 'bad'"),
        ("import nothing_of_this_name", "there is no module 'nothing_of_this_name' here; "),
        ("def bad(:", "the file cannot be imported: "),
        ("unknown", "the file cannot be imported: name 'unknown'"),
        ('def bad(x: str) -> str:\n    """Do."""', r"bad\.py: bad: the function needs the @op\(…\) decorator"),
    ],
)
def test_a_file_that_is_no_op_is_named_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(OpDeclarationError, match=reason):
        read_ops(tmp_path)
