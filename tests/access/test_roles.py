"""Tests with every role enforced: the whole flow works, and no function may do more than its part."""

import json
from collections.abc import Callable
from contextlib import closing
from functools import cache, partial
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from tests.access.secured import Secured
from tests.fetching.server import Site
from tests.pipeline.api import ApiClient, open_link, send_form
from tests.pipeline.feed import SocketClient
from tests.pipeline.shapes import ENDED
from tests.pipeline.waiting import wait_for
from umbel import engine
from umbel.stack import STACK

pytestmark = pytest.mark.engine
Wait = Callable[..., dict[str, Any]]


@pytest.fixture
def ended(operator: ApiClient) -> Wait:
    """Return a function that waits until a job has ended, and returns the job."""

    def found(job: str) -> dict[str, Any] | None:
        known: dict[str, Any] = operator.get(f"/jobs/{job}").body
        return known if known["status"] in ENDED else None

    return lambda job: wait_for(lambda: found(job), f"job {job} to end")


def test_jobs_of_every_kind_complete(
    operator: ApiClient, secured: Secured, ended: Wait, web: Site, photos: dict[str, bytes]
) -> None:
    """All are submitted first, so that the functions start side by side."""
    photo = photos["cat.jpg"]
    ticket = operator.post("/uploads", {"filename": "cat.jpg", "content_type": "image/jpeg", "size": len(photo)}).body
    assert send_form(ticket["url"], ticket["fields"], photo) in (201, 204)
    manifest = json.dumps({"tasks": [{"op": "upper", "input": "abc"}]}).encode()
    secured.client("s3").put_object(Bucket=secured.stack.uploads_bucket, Key="jobs/roles.json", Body=manifest)
    web.files["/cat.jpg"] = photo
    visits = [{"store_id": "s1", "image_url": [web.url("/cat.jpg")] * 2}]
    tasks_of = {
        operator.run({"op": "upper", "input": "hello"}, {"op": "qr", "input": "hello"}): 2,
        operator.post("/crawls", {"urls": [web.url("/good")]}).body["job_id"]: 1,
        operator.post("/batches", {"count": 1, "visits": visits}).body["job_id"]: 2,
    }
    upload = ended(ticket["job_id"])
    assert upload["counts"] == {"total": 4, "completed": 4, "failed": 0, "skipped": 0}
    assert all(open_link(variant["url"]) for variant in upload["variants"].values())
    assert {job: ended(job)["counts"]["completed"] for job in tasks_of} == tasks_of
    in_bucket = wait_for(
        lambda: next((job for job in operator.get("/jobs").body["jobs"] if job["name"] == "roles.json"), None),
        "the job of the manifest",
    )
    assert ended(in_bucket["id"])["counts"]["completed"] == 1


def test_a_form_that_was_changed_after_it_was_signed_is_refused(operator: ApiClient) -> None:
    ticket = operator.post("/uploads", {"filename": "a.jpg", "content_type": "image/jpeg", "size": 3}).body
    signature = "x-amz-signature"
    assert send_form(ticket["url"], {**ticket["fields"], signature: "0" * 64}, b"abc") == 403
    other_key = ticket["fields"]["key"].replace("uploads/", "jobs/")
    assert send_form(ticket["url"], {**ticket["fields"], "key": other_key}, b"abc") == 403


def test_a_job_can_be_cancelled_and_retried(operator: ApiClient, ended: Wait) -> None:
    assert operator.put("/ops/wait", {"concurrency": 0}).status == 200
    job = operator.run({"op": "wait", "input": 1})
    wait_for(lambda: operator.get(f"/jobs/{job}").body["counts"]["total"] == 1, "the job to be planned")
    assert operator.call("DELETE", f"/jobs/{job}").status == 202
    assert ended(job)["status"] == "cancelled"
    assert operator.post(f"/jobs/{job}/retry").status == 202
    assert operator.put("/ops/wait", {"concurrency": 2}).status == 200
    wait_for(lambda: operator.get(f"/jobs/{job}").body["status"] == "completed", "the retried job to complete")
    assert operator.post("/ops/wait/redrive").status == 202


def test_whatever_reads_works(operator: ApiClient) -> None:
    answers = {
        path: operator.get(path).status for path in ("/health", "/ops", "/stats", "/metrics", "/images", "/jobs")
    }
    assert set(answers.values()) == {200}, answers


def test_a_socket_gets_the_changes_and_the_stats(operator: ApiClient, secured: Secured, web: Site) -> None:
    with closing(SocketClient(secured.stack.socket, operator.token)) as client:
        client.wait_until_ended(operator.run({"op": "upper", "input": "abc"}))
        client.send(action="stats")
        client.wait_for(lambda message: message["type"] == "stats", "the stats")
        client.send(action="crawl", urls=[web.url("/good")])
        client.wait_for(lambda message: message.get("topic", "*") != "*", "the crawl's snapshot")


OPS_WITH_PICTURES = {"blur", "grayscale", "qr", "rotate90", "thumbnail", "watermark"}
WHO_MAY = {
    "read a token": {"authorizer"},
    "list the tokens": set(),
    "write a token": set(),
    "put an upload": {"api"},
    "delete an upload": set(),
    "put a result": {f"op-{name}" for name in OPS_WITH_PICTURES},
    "create a log group": set(),
    "create a user": set(),
    "purge a queue": set(),
}


def test_no_role_may_do_more_than_its_part(secured: Secured) -> None:
    """Every role is refused most of these calls, so each is proven to be enforced."""
    stack = secured.stack
    queue = secured.client("sqs").get_queue_url(QueueName=f"{STACK}-op-blur")["QueueUrl"]
    calls: dict[str, Callable[[Callable[[str], Any]], object]] = {
        "read a token": lambda of: of("dynamodb").get_item(
            TableName=stack.tokens_table, Key={"token_hash": {"S": "-"}}
        ),
        "list the tokens": lambda of: of("dynamodb").scan(TableName=stack.tokens_table),
        "write a token": lambda of: of("dynamodb").put_item(
            TableName=stack.tokens_table, Item={"token_hash": {"S": "-"}}
        ),
        "put an upload": lambda of: of("s3").put_object(Bucket=stack.uploads_bucket, Key="uploads/.not", Body=b""),
        "delete an upload": lambda of: of("s3").delete_object(Bucket=stack.uploads_bucket, Key="uploads/.not"),
        "put a result": lambda of: of("s3").put_object(Bucket=stack.results_bucket, Key="-/-", Body=b""),
        "create a log group": lambda of: of("logs").create_log_group(logGroupName=f"/aws/lambda/{STACK}-x"),
        "create a user": lambda of: of("iam").create_user(UserName="x"),
        "purge a queue": lambda of: of("sqs").purge_queue(QueueUrl=queue),
    }
    may: dict[str, set[str]] = {name: set() for name in calls}
    for function, role in secured.roles().items():
        of = cache(secured.client_of(role))
        for name, call in calls.items():
            if not _is_denied(partial(call, of)):
                may[name].add(function)
    assert may == WHO_MAY


def _is_denied(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"):
            return True
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
    return False


def test_nobody_reads_without_a_signature(secured: Secured, operator: ApiClient, ended: Wait) -> None:
    job = operator.run({"op": "qr", "input": "private"})
    (variant,) = ended(job)["variants"].values()
    stack = secured.stack
    assert urllib3.request("GET", variant["url"].partition("?")[0], retries=False).status == 403
    for bucket in (stack.uploads_bucket, stack.results_bucket, stack.web.split("/")[3]):
        for path in ("", "/index.html", "/?list-type=2"):
            answer = urllib3.request("GET", f"{stack.endpoint}/{bucket}{path}", retries=False)
            assert answer.status == 403, (bucket, path)
    with pytest.raises(ClientError, match=r"403|Missing|Denied|Unauthorized|security token"):
        secured.anonymous("dynamodb").scan(TableName=stack.tokens_table)


def test_buckets_refuse_a_request_without_tls(secured: Secured) -> None:
    """The proxy says that requests came by TLS; directly at the engine they did not."""
    of = secured.client_of(secured.roles()["api"])
    wanted = {"Bucket": secured.stack.uploads_bucket, "Prefix": "jobs/"}
    assert of("s3").list_objects_v2(**wanted)["Name"] == secured.stack.uploads_bucket
    with pytest.raises(ClientError, match="AccessDenied"):
        of("s3", endpoint_url=engine.local_endpoint(secured.engine_port)).list_objects_v2(**wanted)
