"""A body becomes a pending job in the ledger and an object in the bucket, whoever brought it."""

from typing import Protocol

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.clock import now
from umbel_core.contract.records import JobKind
from umbel_core.ids import JOBS_PREFIX, UPLOADS_PREFIX, new_job_id
from umbel_core.ledger import JobRecord, Ledger
from umbel_core.settings import Limits
from umbel_core.submission import read_submission


class Uploads(Protocol):
    """The uploads bucket, as far as a request needs it."""

    def write(self, key: str, data: bytes) -> None:
        """Keep an object."""


class Submitter(msgspec.Struct, frozen=True):
    """Checks what comes and lets it in; the coordinator does the rest when the bucket's event arrives."""

    ledger: Ledger
    uploads: Uploads
    catalogue: Catalogue
    limits: Limits

    def submit(self, body: bytes, kind: JobKind | None = None) -> JobRecord:
        """Start the job that a body asks for; `Rejected`, and nothing written, when it asks for what cannot be had.

        The pending job comes first, so that a GET finds it and the coordinator knows whose object arrives. A picture
        that came inside is that object, as an upload is: its job remembers what was asked.
        """
        submission = read_submission(body, self.catalogue, self.limits, kind)
        job, moment = new_job_id(), now()
        key = f"{JOBS_PREFIX}{job}.json" if submission.picture is None else f"{UPLOADS_PREFIX}{job}/picture"
        pending = JobRecord(
            id=job,
            kind=submission.kind,
            name=submission.name or job,
            created_at=moment,
            updated_at=moment,
            source=key,
            asked=None if submission.picture is None else msgspec.structs.replace(submission.specs[0], input=key),
        )
        self.ledger.expect(pending)
        self.uploads.write(key, body if submission.picture is None else submission.picture)
        return pending
