"""Tests that no string is too odd to be a payload, a group or a key: nothing is lost or changed."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.naughty.strings import naughty_strings
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.waiting import wait_for
from umbel_core.contract.requests import MAX_GROUP_LENGTH
from umbel_core.ledger import JobRecord

pytestmark = pytest.mark.engine

STRINGS = naughty_strings()
OPS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "reverse": lambda text: text[::-1],
    "hash": lambda text: hashlib.sha256(text.encode()).hexdigest(),
}


@pytest.mark.parametrize("op", OPS)
def test_every_string_is_a_payload_and_a_group(op: str, api: ApiClient, done: Callable[..., dict[str, Any]]) -> None:
    job = api.run(*({"op": op, "input": text, "group": text[:MAX_GROUP_LENGTH] or "none"} for text in STRINGS))
    assert done(job)["counts"] == {"total": len(STRINGS), "completed": len(STRINGS), "failed": 0, "skipped": 0}
    tasks = api.tasks(job)
    assert [task["result"] for task in tasks] == [OPS[op](text) for text in STRINGS]
    assert [task["group"] for task in tasks] == [text[:MAX_GROUP_LENGTH] or "none" for text in STRINGS]


def test_every_object_whose_key_has_such_a_string_becomes_a_job(api: ApiClient, deployed: Deployed) -> None:
    prefix = "jobs/naughty/"
    s3, bucket = deployed.client("s3"), deployed.stack.uploads_bucket
    for text in STRINGS:
        manifest = json.dumps({"tasks": [{"op": "upper", "input": text}]})
        s3.put_object(Bucket=bucket, Key=f"{prefix}{text}.json", Body=manifest.encode())
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="jobs/naughty")
    stored = {entry["Key"] for page in pages for entry in page["Contents"]}

    def jobs() -> dict[str, JobRecord] | None:
        found, _ = deployed.ledger.jobs(len(stored) + 100, None)
        ended = {job.source: job for job in found if job.source and job.source in stored and job.ended}
        return ended if len(ended) == len(stored) else None

    ended = wait_for(jobs, f"{len(stored)} jobs to end", timeout=120, every=0.5)
    assert {f"{prefix}{text}.json" for text in STRINGS} == stored
    assert {job.status for job in ended.values()} == {"completed"}
    assert all(api.get(f"/jobs/{job.id}").status == 200 for job in ended.values())
