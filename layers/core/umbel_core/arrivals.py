"""What reaches the intake queue: S3's notices of new objects, and the API's command to retry."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from umbel_core.clock import now
from umbel_core.ids import JOB_ID, JOBS, ROOT, job_id_of
from umbel_core.ledger import Job, Ledger
from umbel_core.messages import RetryTasks


class Arrived(msgspec.Struct, frozen=True):
    """An object was put into the uploads bucket."""

    bucket: str
    key: str
    size: int
    etag: str
    sequencer: str

    @property
    def is_manifest(self) -> bool:
        """True for `jobs/….json`."""
        return self.key.startswith(JOBS)


def read_message(body: str) -> Iterator[Arrived | RetryTasks]:
    """The arrivals in one message of the intake queue. Folder markers and S3's test notice hold none."""
    document = msgspec.json.decode(body)
    if document.get("type") == "retry":
        yield msgspec.convert(document, RetryTasks)
        return
    for record in document.get("Records", ()):
        arrived = _arrived(record["s3"])
        if arrived.key.startswith((ROOT, JOBS)) and not arrived.key.endswith("/"):
            yield arrived


def _arrived(s3: dict[str, Any]) -> Arrived:
    entry = s3["object"]
    return Arrived(
        bucket=s3["bucket"]["name"],
        key=unquote_plus(entry["key"]),
        size=int(entry.get("size", 0)),
        etag=entry.get("eTag", ""),
        sequencer=entry.get("sequencer", ""),
    )


def job_of(arrival: Arrived, ledger: Ledger) -> Job:
    """The job that a request announced for exactly this key, or the one whose id comes from the event, maybe new."""
    segments = arrival.key.split("/")
    for segment in segments[1:3]:
        if JOB_ID.fullmatch(segment.removesuffix(".json")):
            job = ledger.job(segment.removesuffix(".json"))
            if job and job.source == arrival.key:
                return job
    own, moment = job_id_of(arrival.bucket, arrival.key, arrival.sequencer), now()
    return ledger.job(own) or Job(
        id=own,
        kind="manifest" if arrival.is_manifest else "upload",
        name=segments[-1],
        created_at=moment,
        updated_at=moment,
        source=arrival.key,
    )
