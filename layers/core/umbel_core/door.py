"""The front door: a body becomes a pending job in the ledger and an object under `jobs/`, whoever brought it."""

from typing import Protocol

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.clock import now
from umbel_core.ids import INPUTS, JOBS, new_job_id
from umbel_core.ledger import Job, Kind, Ledger
from umbel_core.messages import Manifest
from umbel_core.settings import Limits
from umbel_core.submission import read_submission


class Uploads(Protocol):
    """The uploads bucket, as far as a request needs it."""

    def write(self, key: str, data: bytes) -> None:
        """Keep an object."""


class Door(msgspec.Struct, frozen=True):
    """Checks what comes and lets it in; the coordinator does the rest when the bucket's event arrives."""

    ledger: Ledger
    uploads: Uploads
    catalogue: Catalogue
    limits: Limits

    def submit(self, body: bytes, kind: Kind | None = None) -> Job:
        """Start the job that a body asks for; `Rejected`, and nothing written, when it asks for what cannot be had.

        The pending job comes first, so that a GET finds it and the coordinator knows whose document arrives.
        """
        submission = read_submission(body, self.catalogue, self.limits, kind)
        job, moment = new_job_id(), now()
        if submission.picture is not None:
            key = f"{INPUTS}{job}"
            self.uploads.write(key, submission.picture)
            specs = [msgspec.structs.replace(submission.specs[0], input=key)]
            body = msgspec.json.encode(Manifest(tasks=specs, name=submission.name))
        pending = Job(
            id=job,
            kind=submission.kind,
            name=submission.name or job,
            created_at=moment,
            updated_at=moment,
            source=f"{JOBS}{job}.json",
        )
        self.ledger.expect(pending)
        self.uploads.write(f"{JOBS}{job}.json", body)
        return pending
