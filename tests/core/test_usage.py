"""What a job costs: the price table worked by hand, and the counts compared with the ledger's real writes."""

from math import ceil
from typing import Any

import msgspec
import pytest

from tests.core.aws.stubs import stubbed
from tests.ops.running import CATALOGUE
from umbel_core import usage
from umbel_core.aws.dynamo import item
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.ledger_table import job_item
from umbel_core.cost import count_cost_nano, lost_run_cost_nano, plan_cost_nano, run_cost_nano
from umbel_core.ledger import JobRecord, Outcome, TaskRecord
from umbel_core.prices import PRICES
from umbel_core.views import variant_of

MOMENT = "2026-01-31T12:00:00.123Z"
JOB_ID = f"j{'0' * 20}"
OPS = ("thumbnail", "grayscale", "blur", "rotate90")


def job() -> JobRecord:
    name = "uploads/holidays/DSC_0012.JPG"
    return JobRecord(
        id=JOB_ID, kind="upload", name=name, created_at=MOMENT, updated_at=MOMENT, source=name, recipe="default"
    )


def tasks() -> list[TaskRecord]:
    return [
        TaskRecord(
            job_id=JOB_ID,
            index=index,
            op=op,
            variant=op,
            input="uploads/holidays/DSC_0012.JPG",
            etag="d41d8cd98f00b204e9800998ecf8427e",
            object_version="3sL4kqtJlcpXroDTDmJ-rmSpXd3dIbrHY",
            queued_at=MOMENT,
        )
        for index, op in enumerate(OPS)
    ]


def result(op: str) -> dict[str, Any]:
    key = f"{JOB_ID}/{op}.jpeg"
    sizes = {"width": 4000, "height": 3000, "bytes": 3_481_029}
    return {"key": key, "format": "jpeg", "content_type": "image/jpeg", **sizes}


def ended() -> list[TaskRecord]:
    run = {"status": "completed", "attempts": 1, "started_at": MOMENT, "finished_at": MOMENT, "duration_ms": 243}
    return [msgspec.structs.replace(task, result=result(task.op), worker="0a1b2c3d", **run) for task in tasks()]


def kilobytes(record: dict[str, Any]) -> int:
    """The write units of an item: its names and values in steps of a kB."""
    size = sum(len(name) + len(str(next(iter(value.values()))).encode()) for name, value in record.items())
    return ceil(size / 1024)


def test_a_thousandth_of_a_cent_is_ten_thousand_nano_dollars() -> None:
    assert usage.nano({"s3_write": 2}) == 10_000
    assert PRICES["s3_write"].nano == pytest.approx(5000)


def test_a_plan_writes_what_the_ledger_writes() -> None:
    """A write in a transaction counts twice, and the job is in two indexes."""
    with stubbed("dynamodb") as stub:
        stub.answer("transact_write_items")
        DynamoLedger(stub.client, "table", retention_days=30).plan(job(), tasks())
    writes = stub.calls[0][1]["TransactItems"]
    items = [write["Put"]["Item"] for write in writes if "Put" in write]
    assert len(writes) == len(items) + 1 == 6, "four tasks, the job, the count of planned tasks"
    units = 2 * (sum(map(kilobytes, items)) + 1) + 2
    assert units == usage.planned_job(4, is_small=True)["dynamodb_write"] == 14


def test_an_end_writes_what_the_ledger_writes() -> None:
    task = ended()[0]
    with stubbed("dynamodb") as stub:
        stub.answer("update_item")
        outcome = Outcome(status="completed", result=task.result, finished_at=MOMENT)
        DynamoLedger(stub.client, "table", retention_days=30).commit(task.command(), outcome)
    assert [name for name, _ in stub.calls] == ["UpdateItem"]
    units = kilobytes({"pk": {"S": f"JOB#{JOB_ID}"}, "sk": {"S": "TASK#000000"}, **item(task)})
    assert units <= usage.run(243, 1769, file=True, picture=True)["dynamodb_write"]


def test_a_counted_batch_writes_the_job_with_its_variants() -> None:
    counted = msgspec.structs.replace(job(), planned=True, variants={task.op: variant_of(task) for task in ended()})
    assert kilobytes(job_item(counted)) == 2
    assert usage.counted_batch(1)["dynamodb_write"] == 2 * (2 + 2) + 1


def test_the_cost_of_a_job_is_what_the_price_table_says() -> None:
    """One picture, four variants of 243 ms with 1769 MB, counted in two batches; in dollars per million."""
    card = CATALOGUE["thumbnail"]
    card = msgspec.structs.replace(card, compute=msgspec.structs.replace(card.compute, memory_mb=1769))
    per_run = 0.20 + (243 + 12) / 1000 * 1769 / 1024 * 13.3334 + 1800 / 1e9 * 0.50e6 + 0.05 * 5.00
    variant = 3 * 0.40 + 0.40 + 5.00 + 0.125 + 2 * 0.625 + per_run
    per_role = 0.20 + 1800 / 1e9 * 0.50e6 + 0.05 * 5.00
    plan = 5.00 + 3 * 0.40 + 14 * 0.625 + 0.50 + per_role + 0.060 * 0.5 * 13.3334
    batch = 4 * 0.125 + 9 * 0.625 + 2 * (per_role + 0.045 * 0.5 * 13.3334)
    whole = plan_cost_nano(4) + 4 * run_cost_nano(243, card) + 2 * count_cost_nano(1)
    assert whole == pytest.approx((plan + 4 * variant + 2 * batch) * 1000, rel=1e-4)
    assert 70_000 < whole < 100_000, "7 to 10 cents for a thousand pictures"


def test_a_run_of_a_value_op_writes_nothing_to_s3_and_a_fifo_message_costs_more() -> None:
    upper = CATALOGUE["upper"]
    ordered = msgspec.structs.replace(upper, compute=msgspec.structs.replace(upper.compute, ordered=True))
    assert run_cost_nano(10, upper) < usage.nano({"s3_write": 1})
    assert run_cost_nano(10, ordered) - run_cost_nano(10, upper) == pytest.approx(3 * 100, abs=1)


def test_a_run_that_stopped_its_worker_costs_at_most_its_timeout() -> None:
    upper = CATALOGUE["upper"]
    assert lost_run_cost_nano(upper) == run_cost_nano(upper.compute.timeout_seconds * 1000, upper)


def test_the_jobs_of_a_batch_share_what_it_costs_to_count() -> None:
    assert count_cost_nano(10) < count_cost_nano(1)


def test_the_tasks_of_one_message_share_its_price_that_of_the_invocation_and_of_the_file() -> None:
    card = CATALOGUE["thumbnail"]
    apart, together = run_cost_nano(20, card), run_cost_nano(20, card, tasks=4)
    shared = usage.total(usage.queued_task(), {"lambda_request": 1, "trace": usage.TRACED, "s3_read": 1})
    assert 4 * (apart - together) == pytest.approx(3 * usage.nano(shared), abs=4)
