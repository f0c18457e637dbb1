"""What is checked on an engine, in the order in which a check needs those before it."""

import io
import json
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
from PIL import Image
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.endpoint.session import Sessions
from tests.pipeline.api import ApiClient, open_link, send_form
from tests.pipeline.feed import SocketClient
from tests.pipeline.waiting import wait_for
from umbel import deploy, engine, stack, stack_name
from umbel.aws import AwsTarget
from umbel.errors import UmbelError
from umbel.paths import ROOT
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.ledger import JobRecord

KEPT_OPS = {"blur", "grayscale", "rotate90", "thumbnail", "watermark"}
"""Those of the recipes in recipes.toml; each op more costs an engine with containers several seconds."""
VARIANTS = {"blur", "grayscale", "rotate90", "thumbnail"}
PHOTO = ROOT / "examples" / "photo.jpg"


class Result(NamedTuple):
    """One line of the table: ✓ works, ✗ does not, - was not tried."""

    mark: str
    name: str
    detail: str


class Checks:
    """The checks of one engine."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._endpoint = sessions.endpoint
        self._key = f"uploads/endpoint-{time.time_ns()}.jpg"

    def run(self) -> list[Result]:
        """Run all checks. After a failed one that the others need, those are not tried."""
        needed: list[tuple[str, Callable[[], str]]] = [
            ("the engine answers", self._answers),
            ("the stack is deployed", self._deploys),
            ("CloudFormation knows its outputs", self._outputs),
        ]
        others: list[tuple[str, Callable[[], str]]] = [
            ("a picture put into the bucket starts a job", self._upload),
            ("its variants are in the results bucket", self._variants),
            ("its job is in the ledger", self._ledger),
            ("the API returns the job", self._api),
            ("a link to a result works", self._link),
            ("an upload form works", self._form),
            ("the API refuses a call without a token", self._unauthorized),
            ("a path without a route has the API's error", self._no_route),
            ("a socket gets the end of a job", self._socket),
            ("a socket without a token is refused", self._socket_without_token),
            ("the page is served", self._page),
            ("no queue has messages left", self._queues),
        ]
        results: list[Result] = []
        for name, check in needed:
            results.append(_run(name, check))
            if results[-1].mark == "✗":
                rest = [*needed[len(results) :], *others]
                return results + [Result("-", later, "not tried") for later, _ in rest]
        return results + [_run(name, check) for name, check in others]

    @cached_property
    def _deployment(self) -> stack.Deployment:
        ops = {file.stem for file in (ROOT / "functions" / "ops").glob("*.py")}
        left_out = json.dumps({"local": sorted(ops - KEPT_OPS)})
        return deploy.local(AwsTarget(self._endpoint), leave_out=left_out)

    @cached_property
    def _client(self) -> ApiClient:
        return ApiClient(self._deployment.api, self._deployment.token)

    @cached_property
    def _job(self) -> JobRecord:
        """The job of the uploaded picture, when it has ended."""
        ledger = DynamoLedger(self._sessions.inspect("dynamodb"), self._deployment.table, 30)

        def found() -> JobRecord | None:
            jobs, _ = ledger.jobs(20, None)
            return next((job for job in jobs if job.source == self._key and job.ended), None)

        # The first run of each function downloads an image on an engine with containers.
        return wait_for(found, "the job of the upload to end", timeout=300)

    def _answers(self) -> str:
        health = engine.health(self._endpoint, timeout=10)
        assert health, f"nothing answers at {self._endpoint}/_localstack/health"
        kind = "MiniStack" if engine.is_ministack(self._endpoint) else "LocalStack"
        return f"{kind} {health.get('version', '')} ({health.get('edition', '')}), {len(health['services'])} services"

    def _deploys(self) -> str:
        start = time.monotonic()
        _ = self._deployment
        return f"'{stack_name.chosen()}' in {time.monotonic() - start:.0f} s"

    def _outputs(self) -> str:
        described = self._sessions.inspect("cloudformation").describe_stacks(StackName=stack_name.chosen())
        outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Stacks"][0]["Outputs"]}
        assert outputs["UploadsBucket"] == self._deployment.uploads_bucket
        return f"{len(outputs)} outputs"

    def _upload(self) -> str:
        bucket = self._deployment.uploads_bucket
        self._sessions.use.client("s3").put_object(Bucket=bucket, Key=self._key, Body=PHOTO.read_bytes())
        return f"{self._job.id} {self._job.status}"

    def _variants(self) -> str:
        s3, bucket = self._sessions.use.client("s3"), self._deployment.results_bucket
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{self._job.id}/").get("Contents", [])
        found = {}
        for entry in listed:
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            found[entry["Key"].rpartition("/")[2].partition(".")[0]] = Image.open(io.BytesIO(body)).size
        assert set(found) == VARIANTS, found
        return ", ".join(f"{name} {width} x {height}" for name, (width, height) in sorted(found.items()))

    def _ledger(self) -> str:
        assert self._job.status == "completed", self._job
        return f"{self._job.total} tasks, {self._job.status}"

    def _api(self) -> str:
        answer = self._client.get(f"/jobs/{self._job.id}")
        assert answer.status == 200, answer
        assert set(answer.body["variants"]) == VARIANTS
        return f"{self._deployment.api}/jobs/…"

    def _link(self) -> str:
        variants = self._client.get(f"/jobs/{self._job.id}").body["variants"]
        url = variants["thumbnail"]["url"]
        assert Image.open(io.BytesIO(open_link(url))).width <= 256
        return str(url).partition("?")[0].replace(self._job.id, "…")

    def _form(self) -> str:
        data = PHOTO.read_bytes()
        request = {"filename": "form.jpg", "content_type": "image/jpeg", "size": len(data)}
        answer = self._client.post("/uploads", request)
        assert answer.status == 201, answer
        status = send_form(answer.body["url"], answer.body["fields"], data)
        assert status == 201, status
        return str(answer.body["url"])

    def _unauthorized(self) -> str:
        answer = ApiClient(self._deployment.api, None).get("/jobs")
        assert answer.status == 401, answer
        assert _code(answer.body) == "unauthorized", f"401 in another form: {answer.body}"
        return "401 unauthorized"

    def _no_route(self) -> str:
        answer = self._client.get("/no-such-route")
        assert _code(answer.body) == "not_found", f"{answer.status} in another form: {answer.body}"
        return f"{answer.status} not_found"

    def _socket(self) -> str:
        with closing(SocketClient(self._deployment.socket, self._deployment.token)) as socket:
            start = time.monotonic()
            job = self._client.run({"op": "thumbnail", "input": self._key})
            socket.wait_until_ended(job)
            return f"{self._deployment.socket}, after {time.monotonic() - start:.1f} s"

    def _socket_without_token(self) -> str:
        for query in ("", "?token=wrong"):
            url = f"{self._deployment.socket}{query}"
            with suppress(WebSocketException, OSError), connect(url, open_timeout=30, proxy=None) as socket:
                socket.send('{"action": "ping"}')
                raise AssertionError(f"it was let in, and got {socket.recv(timeout=10)!r}")
        return "refused"

    def _page(self) -> str:
        assert b"<html" in open_link(self._deployment.web)[:2000].lower()
        return self._deployment.web

    def _queues(self) -> str:
        sqs = self._sessions.use.client("sqs")
        urls = sqs.list_queues(QueueNamePrefix=f"{stack_name.chosen()}-").get("QueueUrls", [])
        assert len(urls) > 2 * len(KEPT_OPS), urls

        def left() -> dict[str, str]:
            name = "ApproximateNumberOfMessages"
            counts = {
                url.rpartition("/")[2]: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][
                    name
                ]
                for url in urls
            }
            return {queue: count for queue, count in counts.items() if int(count)}

        wait_for(lambda: not left(), "all queues to be empty")
        return f"{len(urls)} queues"


def _run(name: str, check: Callable[[], str]) -> Result:
    try:
        return Result("✓", name, check())
    except UmbelError as error:
        return Result("✗", name, f"{error} {error.detail[-300:]}".strip().replace("\n", " | "))
    except Exception as error:  # noqa: BLE001 - whatever an engine does, the table says it
        return Result("✗", name, f"{type(error).__name__}: {error}".replace("\n", " ")[:300])


def _code(body: Any) -> str | None:
    with suppress(TypeError, KeyError, msgspec.MsgspecError):
        return str(body["error"]["code"])
    return None
