"""Tests that bad input fails on first delivery, with a code and a sentence, and does not disturb other uploads."""

import json
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import Any

import pytest

from tests.pictures.bad import bad
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.shapes import is_error, parse_time
from umbel_core.ledger import JobRecord
from umbel_core.settings import Limits

pytestmark = pytest.mark.engine

SECONDS = 40
"""The limit for a refusal, on two cores with cold functions and all these files at once."""

GOOD_FILES = [f"uploads/good {index}.jpg" for index in range(8)]
UNUSUAL_NAMES = [
    "with a space.jpg",
    "žluťoučký 木 🌿.jpg",
    "a+b=c&d.jpg",
    "100%2Fpercent%25.jpg",
    "../../escape.jpg",
    "new\nline.jpg",
    "tab\tand 'quotes\".jpg",
    "$(reboot);`ls`.jpg",
    "deep/er/and//double.jpg",
    "no-extension",
    "a" * 200 + ".jpg",
]


def _key(name: str) -> str:
    return f"uploads/{name.replace('/', '-')}.jpg"


@pytest.fixture(scope="module", autouse=True)
def all_at_once(upload: Callable[[str, bytes], None], photos: dict[str, bytes]) -> None:
    """Upload all bad files, good files, and files with unusual names at once."""
    good = iter(GOOD_FILES)
    for name, file in bad().items():
        upload(_key(name), file.data)
        if key := next(good, None):
            upload(key, photos["cat.jpg"])
    for name in UNUSUAL_NAMES:
        upload(f"uploads/{name}", photos["cat.jpg"])


@pytest.mark.parametrize("name", bad())
def test_a_bad_file_is_refused_on_first_delivery(
    name: str, job_for: Callable[..., JobRecord], deployed: Deployed
) -> None:
    job = job_for(_key(name), among=200)
    code = bad()[name].code
    assert job.status == "failed"
    assert {error.code for error in job.errors} == {code}
    assert all(len(error.message) > 15 and "Traceback" not in error.message for error in job.errors)
    tasks, _ = deployed.ledger.tasks(job.id, None, 10, None)
    assert {task.status for task in tasks} <= {"failed"}
    assert {task.attempts for task in tasks} <= {1}
    assert (parse_time(job.updated_at) - parse_time(job.created_at)).total_seconds() < SECONDS
    assert deployed.results(job.id) == set()


@pytest.mark.parametrize("key", GOOD_FILES)
def test_good_files_uploaded_at_the_same_time_succeed(key: str, job_for: Callable[..., JobRecord]) -> None:
    job = job_for(key, among=200)
    assert (job.status, job.completed) == ("completed", 4)


@pytest.mark.parametrize("name", UNUSUAL_NAMES)
def test_a_file_with_an_unusual_name_gets_its_variants(
    name: str, job_for: Callable[..., JobRecord], deployed: Deployed
) -> None:
    job = job_for(f"uploads/{name}", among=200)
    assert (job.status, job.recipe, job.completed) == ("completed", "default", 4)
    variants = ("thumbnail", "grayscale", "blur", "rotate90")
    assert deployed.results(job.id) == {f"{job.id}/{variant}.jpg" for variant in variants}
    assert job.name == name.rsplit("/", 1)[-1]


def test_a_file_of_300_mb_is_refused_without_being_read(deployed: Deployed, job_for: Callable[..., JobRecord]) -> None:
    film_object = {"Bucket": deployed.stack.uploads_bucket, "Key": "uploads/film.jpg"}
    with TemporaryFile() as film:
        film.truncate(300_000_000)
        deployed.localstack_s3.upload_fileobj(film, **film_object)
    job = job_for(film_object["Key"])
    deployed.localstack_s3.delete_object(**film_object)
    assert (job.status, job.total) == ("failed", 0)
    assert [error.code for error in job.errors] == ["too_large"]
    assert "300.0 MB; at most 50.0 MB" in job.errors[0].message


def _task(**changes: Any) -> dict[str, Any]:
    return {"tasks": [{"op": "blur", "input": "uploads/x.jpg", **changes}]}


MANIFESTS: dict[str, tuple[Any, str, str]] = {
    "not JSON": (b'{"tasks": [', "invalid_json", "not JSON"),
    "not text": (b"\xff\xfe\x00", "invalid_json", "not JSON"),
    "too deep": (b"[" * 100_000, "invalid_json", "too many levels"),
    "not an object": ([1, 2], "invalid_manifest", "an object"),
    "no tasks": ({}, "invalid_manifest", "tasks"),
    "an empty list of tasks": ({"tasks": []}, "invalid_manifest", "tasks must not be empty."),
    "an unknown field": ({**_task(), "colour": "red"}, "invalid_manifest", "colour"),
    "an unknown op": (_task(op="emboss"), "unknown_op", "'emboss'"),
    "a parameter out of bounds": (
        _task(params={"radius": 101}),
        "invalid_params",
        "tasks[0].params.radius must be from 0 to 100, not 101.",
    ),
    "a parameter of the wrong type": (_task(params={"radius": "much"}), "invalid_params", "radius"),
    "a parameter that the op lacks": (_task(params={"sigma": 2}), "invalid_params", "sigma"),
    "a parameter missing": (_task(op="crop", params={"width": 5}), "invalid_params", "height"),
    "an input of the wrong type": (_task(input=5), "invalid_input", "tasks[0].input"),
    "an input too large": (_task(op="hash", input="x" * 32_000), "input_too_large", "at most 32,000 are taken"),
    "an unknown value of on_error": ({**_task(), "on_error": "panic"}, "invalid_manifest", "on_error"),
    "a group of two ops": (
        {"tasks": [{"op": op, "input": "uploads/x.jpg", "group": "a"} for op in ("blur", "info")]},
        "mixed_group",
        "'a'",
    ),
    "one task too many": (
        {"tasks": [{"op": "info", "input": "x"}] * (Limits().max_tasks + 1)},
        "too_many_tasks",
        "10001 tasks; at most 10000",
    ),
    "a picture that is not base64": ({"image_data": "***", "operation": "blur"}, "invalid_image_data", "base64"),
    "an empty picture": ({"image_data": "", "operation": "blur"}, "empty_file", "image_data"),
    "a picture for an unknown op": ({"image_data": "AAAA", "operation": "emboss"}, "unknown_op", "'emboss'"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_bad_manifest_gets_the_same_error_by_http_and_by_s3(
    name: str, api: ApiClient, upload: Callable[[str, bytes], None], job_for: Callable[..., JobRecord]
) -> None:
    body, code, part = MANIFESTS[name]
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = api.post("/jobs", data)
    assert answer.status in (400, 413)
    assert is_error(answer.body, code)
    assert part in answer.body["error"]["message"]
    upload(f"jobs/{name}.json", data)
    job = job_for(f"jobs/{name}.json")
    assert (job.status, job.total) == ("failed", 0)
    error = answer.body["error"]
    recorded = [(error.code, error.message, error.path) for error in job.errors]
    assert recorded == [(code, error["message"], error.get("path"))]


def test_an_error_that_only_the_op_can_detect_fails_the_task_on_first_delivery(
    api: ApiClient, deployed: Deployed, photos: dict[str, bytes], done: Callable[..., dict[str, Any]]
) -> None:
    deployed.client("s3").put_object(Bucket=deployed.stack.uploads_bucket, Key="inputs/cat.jpg", Body=photos["cat.jpg"])
    crop = {"op": "crop", "input": "inputs/cat.jpg", "params": {"width": 9000, "height": 10}}
    job = api.run(crop, {**crop, "params": {"width": 9, "height": 10}})
    assert done(job)["counts"] == {"total": 2, "completed": 1, "failed": 1, "skipped": 0}
    refused, _ = api.tasks(job)
    assert (refused["error"]["code"], refused["attempts"]) == ("crop_outside", 1)
    assert "451 x 300" in refused["error"]["message"]
