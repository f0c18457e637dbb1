"""Turn the body of a request into a pending job in the ledger and an object in the uploads bucket."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.clock import now
from umbel_core.contract.requests import JobKind
from umbel_core.ids import JOBS_PREFIX, UPLOADS_PREFIX, new_job_id
from umbel_core.ledger import JobRecord, Ledger
from umbel_core.settings import Limits
from umbel_core.submission import read_submission
from umbel_core.trace import trace_id_of


class Uploads(Protocol):
    """The part of the uploads bucket that a request needs."""

    def write(self, key: str, data: bytes) -> None:
        """Store an object."""


class Submitter(msgspec.Struct, frozen=True):
    """Checks a body and stores it; the coordinator plans the job when the bucket's event arrives."""

    ledger: Ledger
    uploads: Uploads
    catalogue: Catalogue
    limits: Limits

    def submit(
        self, body: bytes, kind: JobKind | None = None, job_id: Callable[[], str] = new_job_id, trace_id: str = ""
    ) -> JobRecord:
        """Start the job of a body, or raise `Rejected` before anything is written.

        The pending job is written first, so that a GET finds it and the coordinator finds the job of the object. A
        picture inside the body becomes the object, like an upload; its job keeps the requested op in `asked`. Repeated
        with the same `job_id`, it writes only what is missing. Without a `trace_id`, the job gets one of its own.
        """
        submission = read_submission(body, self.catalogue, self.limits, kind)
        job, moment = job_id(), now()
        key = f"{JOBS_PREFIX}{job}.json" if submission.picture is None else f"{UPLOADS_PREFIX}{job}/picture"
        pending = JobRecord(
            id=job,
            kind=submission.kind,
            name=submission.name or job,
            created_at=moment,
            updated_at=moment,
            source=key,
            priority=submission.priority,
            max_in_flight=submission.max_in_flight,
            trace_id=trace_id or trace_id_of(job),
            asked=None if submission.picture is None else msgspec.structs.replace(submission.specs[0], input=key),
        )
        self.ledger.expect(pending)
        self.uploads.write(key, body if submission.picture is None else submission.picture)
        return pending
