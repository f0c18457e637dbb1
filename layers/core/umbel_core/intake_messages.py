"""The messages of the intake queue: S3's events for new objects, and commands on existing jobs."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import msgspec

from umbel_core.clock import now
from umbel_core.ids import JOB_ID, JOBS_PREFIX, UPLOADS_PREFIX, job_id_of
from umbel_core.ledger import JobRecord, Ledger
from umbel_core.messages import JobCommand


class ObjectCreated(msgspec.Struct, frozen=True):
    """An object was put into the uploads bucket."""

    bucket: str
    key: str
    size: int
    etag: str
    sequencer: str
    version: str = ""
    """Version of the object; empty for one that was put before the bucket kept versions."""

    @property
    def is_manifest(self) -> bool:
        """Return True for objects that list the tasks of a job."""
        return self.key.startswith(JOBS_PREFIX)


def read_message(body: str, ignored: Callable[[str], object] = lambda _: None) -> Iterator[ObjectCreated | JobCommand]:
    """Yield what a message asks for. S3's test event asks for nothing.

    Objects whose key ends in `/` are what the S3 console makes for a folder; `ignored` is called with their keys.
    """
    document = msgspec.json.decode(body)
    if "type" in document:
        yield msgspec.convert(document, JobCommand)
        return
    for record in document.get("Records", ()):
        created = _object_created(record["s3"])
        if created.key.endswith("/"):
            ignored(created.key)
        elif created.key.startswith((UPLOADS_PREFIX, JOBS_PREFIX)):
            yield created


def _object_created(s3: dict[str, Any]) -> ObjectCreated:
    entry = s3["object"]
    return ObjectCreated(
        bucket=s3["bucket"]["name"],
        key=unquote_plus(entry["key"]),
        size=int(entry.get("size", 0)),
        etag=entry.get("eTag", ""),
        sequencer=entry.get("sequencer", ""),
        version=entry.get("versionId", ""),
    )


def event_of(created: ObjectCreated) -> str:
    """Return the event that S3 sends for an object, for the case that S3's own was lost."""
    entry = {
        "key": quote_plus(created.key, safe="/"),
        "size": created.size,
        "eTag": created.etag,
        "sequencer": created.sequencer,
    }
    event = {"Records": [{"s3": {"bucket": {"name": created.bucket}, "object": entry}}]}
    return msgspec.json.encode(event).decode()


def job_for(created: ObjectCreated, ledger: Ledger) -> JobRecord:
    """Return the job created for this key by the API, else the job whose id is derived from the event, maybe new."""
    job, is_stored = find_job(created, ledger)
    return job if is_stored else ledger.job(job.id) or job


def find_job(created: ObjectCreated, ledger: Ledger) -> tuple[JobRecord, bool]:
    """Return the job created for this key by the API and True, else a job whose id is derived from the event and False.

    The second job may be stored, too: an event may come twice. The API's job is for one upload: the first whose event
    is read. Another file under the same key gets its own job;
    the same file again, as a client sends it that lost the answer, does not.
    """
    segments, upload = created.key.split("/"), created.sequencer
    for segment in segments[1:3]:
        if JOB_ID.fullmatch(segment.removesuffix(".json")):
            job = ledger.job(segment.removesuffix(".json"))
            if job and job.source == created.key:
                upload = created.etag or created.sequencer
                if job.upload in (None, upload) and ledger.claim(job.id, upload):
                    return msgspec.structs.replace(job, upload=upload), True
    moment = now()
    derived = JobRecord(
        id=job_id_of(created.bucket, created.key, upload),
        kind="manifest" if created.is_manifest else "upload",
        name=segments[-1],
        created_at=moment,
        updated_at=moment,
        source=created.key,
    )
    return derived, False
