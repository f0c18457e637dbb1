"""The Python client: uploads, ops, batches and crawls on one deployment."""

import base64
import contextlib
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from umbel import listing, stack
from umbel.errors import TaskError, UmbelError
from umbel.job import Job
from umbel.ordered_map import ordered_map
from umbel.result_file import ResultFile
from umbel.transport import Transport
from umbel.upload_form import Progress, upload
from umbel_core.contract import (
    Accepted,
    BatchRequest,
    CrawlPolicy,
    CrawlRequest,
    Health,
    HostLimits,
    ImageRequest,
    JobKind,
    JobMessage,
    JobStatus,
    LaneSetting,
    Manifest,
    Op,
    OpList,
    Page,
    Redriven,
    ScaleRequest,
    Stats,
    Task,
    TaskMessage,
    TaskSpec,
    Visit,
)
from umbel_core.contract.limits import MAX_INLINE_PICTURE_BYTES
from umbel_core.contract.requests import Priority


class Client:
    """One deployment of Umbel, as its token may use it.

    Without arguments, the deployment that the command line means: the local engine of this checkout, or what
    `UMBEL_TARGET` names. With `endpoint`, the API at that URL, with `token` or else that of `UMBEL_TOKEN`; `socket` is
    the URL of its WebSocket, without which jobs are polled.

    A client may be used from several threads. As a context manager it closes its connections.
    """

    def __init__(self, endpoint: str | None = None, token: str | None = None, socket: str | None = None) -> None:
        if endpoint is None:
            here = stack.find()
            endpoint, socket, token = here.api, socket or here.socket, token or here.token
        self.http = Transport(endpoint, token or os.environ.get("UMBEL_TOKEN"))
        self.socket = socket
        self.saved: dict[Path, str] = {}
        """File that `Job.download` saved -> the id of its job."""

    @classmethod
    def of(cls, deployment: stack.Deployment) -> "Client":
        """Return the client of a deployment."""
        return cls(deployment.api, deployment.token, deployment.socket)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.http.close()

    def upload(self, path: str | Path, recipe: str | None = None, progress: Progress = lambda _: None) -> Job:
        """Upload a picture's file and return its job, which makes the variants of the recipe."""
        path = Path(path)
        with path.open("rb") as content:
            ticket = upload(self.http, path.name, content, path.stat().st_size, recipe, progress)
        return Job(self, ticket.job_id)

    def run(self, op: str, input: Any, /, **params: Any) -> Any:  # noqa: A002 - the contract's word
        """Run one op on one input and return its result: a value, or a `ResultFile` where it is a picture.

        The input is what the op takes; a picture is a `Path` or `bytes`, or, as text, a URL or a key in the uploads
        bucket. `TaskError` when the op refuses the input.
        """
        (result,) = self.map(op, [input], **params)
        return result

    def map(
        self,
        op: str,
        inputs: Iterable[Any],
        /,
        *,
        on_error: Literal["raise", "return"] = "raise",
        priority: Priority | None = None,
        **params: Any,
    ) -> Generator[Any, None, None]:
        """Run one op on each input and yield the results in the order of the inputs, as soon as they are there.

        Inputs and results are as of `run`. A failed task raises `TaskError`; with `on_error="return"` the error stands
        in the place of the result. With `priority="bulk"` the tasks wait for those of live jobs, as the jobs of many
        inputs do without it. Any number of inputs takes the same memory; what is in flight is cancelled when the
        iterator is closed.
        """
        for task in ordered_map(self, op, inputs, params, priority):
            try:
                yield self.result(task)
            except TaskError as error:
                if on_error == "raise":
                    raise
                yield error

    def result(self, task: Task) -> Any:
        """Return the result of an ended task: a value, or a `ResultFile`. `TaskError` when it failed or was skipped."""
        if task.status != "completed":
            code, message = (task.error.code, task.error.message) if task.error else (task.status, task.status)
            raise TaskError(code, message, task)
        return ResultFile.of(self.http, task.result) or task.result

    def start(self, op: str, input: Any, /, *, priority: Priority | None = None, **params: Any) -> Job:  # noqa: A002 - the contract's word
        """Start one op on one input (see `run`) and return its job at once."""
        if not isinstance(input, Path | bytes):
            return self.submit(Manifest([TaskSpec(op, input, params)], name=op, priority=priority))
        name = input.name if isinstance(input, Path) else op
        size = input.stat().st_size if isinstance(input, Path) else len(input)
        with input.open("rb") if isinstance(input, Path) else BytesIO(input) as content:
            if size <= MAX_INLINE_PICTURE_BYTES:
                data = base64.b64encode(content.read()).decode()
                return self.submit(ImageRequest(image_data=data, operation=op, params=params, priority=priority))
            # Too large for a request: it is uploaded, so its recipe runs too.
            key = upload(self.http, name, content, size).fields["key"]
        return self.submit(Manifest([TaskSpec(op, key, params)], name=name, priority=priority))

    def submit(
        self,
        request: Manifest | ImageRequest | BatchRequest | CrawlRequest | Mapping[str, Any],
        route: Literal["jobs", "batches", "crawls"] = "jobs",
        idempotency_key: str | None = None,
    ) -> Job:
        """Start the job that a request asks for and return it at once.

        With the `idempotency_key` of an earlier call, the same request returns the job of that call for a day, even
        when the program ended before it knew the job's id. Without one, every call starts a job, and Ctrl-C during the
        call cancels it.
        """
        key = idempotency_key or str(uuid4())
        try:
            return Job(self, self.http.start(Accepted, route, request, key).job_id)
        except KeyboardInterrupt:
            if idempotency_key is None:
                # The job may have started although its id has not arrived; the same key returns it.
                with contextlib.suppress(UmbelError):
                    Job(self, self.http.start(Accepted, route, request, key).job_id).cancel()
            raise

    def batch(
        self,
        visits: Iterable[Visit | Mapping[str, Any]],
        gpu_seconds: float = 0,
        *,
        max_in_flight: int | None = None,
    ) -> Job:
        """Start measuring the images of visits to stores: in order within a store, stores side by side."""
        visits = list(visits)
        limit = {"max_in_flight": max_in_flight} if max_in_flight else {}
        return self.submit({"count": len(visits), "visits": visits, "gpu_seconds": gpu_seconds, **limit}, "batches")

    def crawl(
        self,
        urls: Iterable[str],
        workers: int = 4,
        policy: CrawlPolicy = "round_robin",
        *,
        obey_robots: bool = True,
        per_host: HostLimits | None = None,
        deadline_seconds: int | None = None,
        max_in_flight: int | None = None,
    ) -> Generator[Page, None, None]:
        """Fetch pages, at most `workers` at a time, and yield each as soon as it is fetched.

        The crawl is cancelled when the iterator is closed before its end.
        """
        request = CrawlRequest(
            urls=list(urls),
            workers=workers,
            policy=policy,
            obey_robots=obey_robots,
            per_host=per_host or HostLimits(),
            deadline_seconds=deadline_seconds,
            max_in_flight=max_in_flight,
        )
        job = self.submit(request, "crawls")
        ended = False
        try:
            for message in job.watch():
                if isinstance(message, TaskMessage) and message.task.ended:
                    yield Page.of(message.task)
            ended = True
        finally:
            if not ended:
                with contextlib.suppress(UmbelError):
                    job.cancel()

    def watch(self, job: Job | str) -> Iterator[JobMessage | TaskMessage]:
        """Yield each change of a job and its tasks until the job has ended.

        The end of every task comes once, and the last message is the job's. A lost connection is opened again;
        until then the job is polled.
        """
        return (job if isinstance(job, Job) else Job(self, job)).watch()

    def jobs(
        self, *, status: JobStatus | None = None, kind: JobKind | None = None, limit: int | None = None
    ) -> Iterator[Job]:
        """Yield jobs, newest first: all, or those with this status and of this kind, at most `limit`."""
        for record in listing.all_jobs(self.http, limit, status=status, kind=kind):
            yield Job(self, record.id, record)

    def job(self, job_id: str) -> Job:
        """Return a job by its id; `ApiError` when there is none."""
        return Job(self, job_id).refresh()

    def ops(self) -> list[Op]:
        """Return the deployed ops, each with its parameters and its lane as it is now."""
        return self.http.call(OpList, "GET", "ops").ops

    def stats(self) -> Stats:
        """Return the statistics of this moment, in all and for each op."""
        return self.http.call(Stats, "GET", "stats")

    def health(self) -> Health:
        """Return whether every op can work."""
        return self.http.call(Health, "GET", "health")

    def scale(self, op: str, concurrency: int) -> LaneSetting:
        """Set how many of an op run at a time; 0 pauses it, and its work waits."""
        return self.http.call(LaneSetting, "PUT", "ops", op, body=ScaleRequest(concurrency))

    def redrive(self, op: str) -> Redriven:
        """Send the dead letters of an op again."""
        return self.http.call(Redriven, "POST", "ops", op, "redrive")
