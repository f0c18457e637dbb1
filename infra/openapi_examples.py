"""One example for each request and each answer of the API, typed as the contract has them."""

from typing import Any

import msgspec

from umbel_core.contract import (
    Accepted,
    BatchRequest,
    Counts,
    CrawlRequest,
    Health,
    ImageRequest,
    Job,
    JobPage,
    LaneSetting,
    Manifest,
    Me,
    Op,
    OpList,
    Redriven,
    ScaleRequest,
    SingleTask,
    Stats,
    StatsOfOp,
    StatsTotals,
    StatsWorker,
    Task,
    TaskAccepted,
    TaskPage,
    TaskRequest,
    TaskSpec,
    UploadRequest,
    UploadTicket,
    Variant,
    Visit,
)
from umbel_core.op import Compute

_JOB_ID = "j0f8a2aaaebd8ed4f150e"
_START, _END = "2026-01-31T12:00:00.123Z", "2026-01-31T12:00:00.456Z"
_PIXEL = "R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
_FILE: dict[str, Any] = {
    "key": f"{_JOB_ID}/thumbnail.webp",
    "format": "webp",
    "content_type": "image/webp",
    "width": 200,
    "height": 150,
    "bytes": 8794,
    "frames": 1,
    "warnings": [],
    "url": "https://results.s3.eu-central-1.amazonaws.com/…",
}
_JOB = Job(
    id=_JOB_ID,
    kind="upload",
    name="coffee.jpg",
    status="completed",
    counts=Counts(total=1, completed=1),
    created_at=_START,
    updated_at=_END,
    recipe="default",
    source=f"uploads/default/{_JOB_ID}/coffee.jpg",
    cost_usd=4.1e-05,
    version=3,
    variants={
        "thumbnail": Variant(op="thumbnail", status="completed", version=2, duration_ms=33, **_FILE),
    },
)
_TASK = Task(
    id=f"{_JOB_ID}.0",
    job_id=_JOB_ID,
    op="thumbnail",
    variant="thumbnail",
    input=f"uploads/default/{_JOB_ID}/coffee.jpg",
    params={"width": 200, "height": 200},
    status="completed",
    result=_FILE,
    attempts=1,
    queued_at=_START,
    started_at=_START,
    finished_at=_END,
    duration_ms=33,
    worker="4f1c2ab0",
    version=2,
)
_OP = Op(
    name="reverse",
    summary="Turn a text around.",
    takes="text",
    carrier="value",
    returns="value",
    input={"title": "Text", "type": "string"},
    params={"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    compute=Compute(),
    concurrency=4,
    state="ready",
    last_success_at=_END,
)
_TOTALS: dict[str, Any] = {
    "pending": 3,
    "completed": 120,
    "queue_depth": 2,
    "in_flight": 1,
    "oldest_age_seconds": 0.4,
    "average_ms": 35.2,
    "p50_ms": 33.0,
    "p95_ms": 61.0,
    "throughput_per_minute": 40.0,
    "active_workers": 1,
}
ACCEPTED = Accepted(job_id=_JOB_ID, status="pending")
"""The answer of the calls that start a job."""

PATH_PARAMETERS: dict[str, tuple[str, str]] = {
    "job_id": ("Id of a job", _JOB_ID),
    "task_id": ("Id of a task, or of its job", _JOB_ID),
    "variant": ("Name of a result", "thumbnail"),
    "op": ("Name of an op", "blur"),
}
"""Parameter -> what it is, and an example."""
REQUESTS: dict[type[msgspec.Struct], msgspec.Struct] = {
    UploadRequest: UploadRequest("coffee.jpg", 72326, "image/jpeg", "default"),
    Manifest: Manifest([TaskSpec("reverse", "hello"), TaskSpec("upper", "hello")], name="two words"),
    ImageRequest: ImageRequest(image_data=_PIXEL, operation="resize", width=200, height=200, output_format="webp"),
    TaskRequest: TaskRequest(type="reverse", payload="hello"),
    BatchRequest: BatchRequest(
        count=1,
        visits=[
            Visit(
                store_id="S00339218",
                image_url=["https://example.com/shelf.jpg"],
                visit_time="2026-01-31T09:30:00Z",
            )
        ],
    ),
    CrawlRequest: CrawlRequest(urls=["https://example.com/", "https://example.org/"], workers=2),
    ScaleRequest: ScaleRequest(8),
}
ANSWERS: dict[str, Any] = {
    "get_health": Health(status="ok", ops={"blur": "ready", "reverse": "ready"}),
    "get_me": Me(role="operator"),
    "post_upload": UploadTicket(
        job_id=_JOB_ID,
        url="https://uploads.s3.eu-central-1.amazonaws.com/",
        fields={"Content-Type": "image/jpeg", "key": f"uploads/default/{_JOB_ID}/coffee.jpg", "policy": "…"},
    ),
    "post_task": TaskAccepted(id=_JOB_ID),
    "retry_job": ACCEPTED,
    "delete_job": Accepted(job_id=_JOB_ID, status="cancelled"),
    "get_jobs": JobPage(jobs=[_JOB]),
    "get_job": _JOB,
    "get_tasks": TaskPage(tasks=[_TASK]),
    "get_task": SingleTask(
        id=_JOB_ID,
        type="reverse",
        payload="hello",
        result="olleh",
        status="completed",
        timestamp_created=_START,
        timestamp_completed=_END,
    ),
    "get_images": {_JOB_ID: {"thumbnail": _FILE["url"]}},
    "get_ops": OpList(ops=[_OP]),
    "put_op": LaneSetting(op="blur", concurrency=8, state="ready"),
    "redrive_op": Redriven(op="blur", redriven=2),
    "get_stats": Stats(
        at=_END,
        totals=StatsTotals(**_TOTALS),
        ops={"blur": StatsOfOp(**_TOTALS, state="ready", concurrency=4, workers=[StatsWorker("4f1c2ab0", 120, 35.2)])},
        circuits={},
    ),
}
