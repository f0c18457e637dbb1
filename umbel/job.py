"""The job object of the client."""

import time
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from umbel import listing
from umbel.feed import Change, Feed
from umbel.result_file import ResultFile
from umbel_core import contract
from umbel_core.contract import Accepted, Counts, JobError, JobMessage, JobStatus, Task, Variant

if TYPE_CHECKING:
    from umbel.client import Client


class Job:
    """A job: its record, as it was when it was last read, and the calls on it.

    The record is read when it is first used, and again by `refresh()`, `wait()` and `watch()`.
    """

    def __init__(self, client: "Client", job_id: str, record: contract.Job | None = None) -> None:
        self.id = job_id
        self._client = client
        self._record = record

    def __repr__(self) -> str:
        return f"<Job {self.id}{f' {self._record.status}' if self._record else ''}>"

    @property
    def record(self) -> contract.Job:
        """All fields of the record."""
        return self._record or self.refresh().record

    @property
    def kind(self) -> contract.JobKind:
        """What started it: `upload`, `image`, `manifest`, `batch`, `crawl` or `task`."""
        return self.record.kind

    @property
    def name(self) -> str:
        """Of an upload, the file's name."""
        return self.record.name

    @property
    def status(self) -> JobStatus:
        """`pending`, `running`, `completed` (every task completed), `failed` or `cancelled`."""
        return self.record.status

    @property
    def ended(self) -> bool:
        """True when nothing more will happen to the job by itself."""
        return self.record.ended

    @property
    def counts(self) -> Counts:
        """How many tasks it has, and how many of them completed, failed or were skipped."""
        return self.record.counts

    @property
    def variants(self) -> dict[str, Variant]:
        """The results by name, of a job with few tasks; `tasks` has those of any job."""
        return self.record.variants or {}

    @property
    def errors(self) -> list[JobError]:
        """Why tasks failed."""
        return self.record.errors

    def refresh(self) -> "Job":
        """Read the record again."""
        self._record = self._client.http.call(contract.Job, "GET", "jobs", self.id)
        return self

    def wait(self, timeout: float | None = None) -> "Job":
        """Wait until the job has ended, completed or not; `TimeoutError` after `timeout` seconds."""
        for message in self._changes(timeout, jobs_only=True):
            self._take(message)
        return self

    def watch(self, timeout: float | None = None) -> Iterator[Change]:
        """Yield each change of the job and its tasks until it has ended; see `Client.watch`."""
        for message in self._changes(timeout):
            self._take(message)
            yield message

    def tasks(self, status: contract.TaskStatus | None = None) -> Iterator[Task]:
        """Yield its tasks in the order of the request, page by page."""
        return listing.all_tasks(self._client.http, self.id, status)

    def files(self) -> Iterator[tuple[str, ResultFile]]:
        """Yield the name and the file of each result that is a picture."""
        http = self._client.http
        if len(self.variants) == self.counts.total:
            for name, variant in self.variants.items():
                if variant.url:
                    yield name, ResultFile(http, variant)
            return
        for task in self.tasks("completed"):
            if file := ResultFile.of(http, task.result):
                yield task.variant, file

    def download(self, folder: str | Path, name: str | None = None) -> dict[str, Path]:
        """Save every picture that the job made as `<name>-<variant>.<ext>`; return the paths by variant.

        Without `name`, the job's. A file that this client saved from another job stays: the id then comes before the
        name.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        saved = {}
        for variant, file in self.files():
            file_name = f"{PurePath(name or self.name).stem}-{variant}.{file.extension}"
            path = folder / file_name
            if self._client.saved.setdefault(path, self.id) != self.id:
                path = folder / f"{self.id}-{file_name}"
            saved[variant] = file.save(path)
        return saved

    def cancel(self) -> "Job":
        """Stop the job: what is in flight ends, the rest is skipped."""
        self._client.http.call(Accepted, "DELETE", "jobs", self.id)
        self._record = None
        return self

    def retry(self) -> "Job":
        """Run again what failed or was skipped."""
        self._client.http.call(Accepted, "POST", "jobs", self.id, "retry")
        self._record = None
        return self

    def _changes(self, timeout: float | None, *, jobs_only: bool = False) -> Iterator[Change]:
        """Yield changes until the job has ended; the first is read from the API, which refuses the id of no job."""
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        feed = Feed(self._client.http, self._client.socket, jobs_only=jobs_only)
        feed.follow(self.id)
        yield from feed.read(self.id)
        yield from feed.changes(lambda: feed.ended(self.id) or time.monotonic() > deadline)
        if not feed.ended(self.id):
            raise TimeoutError(f"{self.id} has not ended within {timeout:g} s")

    def _take(self, message: Change) -> None:
        if isinstance(message, JobMessage):
            self._record = message.job
