"""Presigned POSTs: with one, a browser sends a picture directly to S3."""

import re
from pathlib import PurePosixPath

from api.idempotency import NewJob
from api.wiring import ledger, limits, recipes, uploads
from umbel_core.clock import epoch, now
from umbel_core.contract import UploadRequest, UploadTicket
from umbel_core.errors import Rejected
from umbel_core.ids import UPLOADS_PREFIX
from umbel_core.input_types import upload_media_types
from umbel_core.ledger import JobRecord
from umbel_core.recipes import DEFAULT
from umbel_core.settings import megabytes
from umbel_core.validation import hint_at

TICKET_SECONDS = 3600
_WAITING_SECONDS = 2 * TICKET_SECONDS
"""The job of an upload that never arrives expires after this time."""
TAKEN = upload_media_types()
_UNKNOWN = "application/octet-stream"
_SAME = {
    **dict.fromkeys(["image/jpg", "image/pjpeg", "image/x-jpeg", "image/jfif", "image/mpo"], "image/jpeg"),
    **dict.fromkeys(["image/x-png", "image/apng", "image/vnd.mozilla.apng"], "image/png"),
    **dict.fromkeys(["image/x-webp"], "image/webp"),
    **dict.fromkeys(["image/avif-sequence"], "image/avif"),
    **dict.fromkeys(["image/heif", "image/heic-sequence", "image/heif-sequence"], "image/heic"),
    **dict.fromkeys(["image/x-gif"], "image/gif"),
    **dict.fromkeys(["image/tif", "image/x-tif", "image/x-tiff"], "image/tiff"),
    **dict.fromkeys(["image/x-bmp", "image/x-ms-bmp", "image/ms-bmp", "image/x-windows-bmp"], "image/bmp"),
    **dict.fromkeys(["", "binary/octet-stream", "application/binary", "application/x-binary", "image/*"], _UNKNOWN),
}
"""Other names of the types that are taken. The decoder decides what a file is, not its name or label."""


def request_upload(request: UploadRequest, new_job: NewJob) -> UploadTicket:
    """Check the file that the request describes, write the pending job and return the presigned POST."""
    named = request.content_type.partition(";")[0].strip().lower()
    content_type = _SAME.get(named, named)
    if content_type not in (*TAKEN, _UNKNOWN):
        kinds = ", ".join(kind.removeprefix("image/").upper() for kind in TAKEN)
        raise Rejected(
            "unsupported_format",
            f"'{request.filename}' is {request.content_type}; the formats taken are {kinds}.",
            ("content_type",),
        )
    most = limits().max_upload_bytes
    if request.size > most:
        raise Rejected(
            "too_large",
            f"'{request.filename}' has {megabytes(request.size)}; "
            f"at most {megabytes(most)} are taken. Scale it down and try again.",
            ("size",),
        )
    if request.size == 0:
        raise Rejected("empty_file", f"'{request.filename}' is empty: it has zero bytes.", ("size",))
    recipe = request.recipe or DEFAULT
    if recipe not in recipes():
        raise Rejected(
            "unknown_recipe",
            f"There is no recipe '{recipe}'; {hint_at(recipe, recipes(), 'the recipes are')}",
            ("recipe",),
        )
    job, name = new_job.id(), PurePosixPath(request.filename.replace("\\", "/")).name or "picture"
    key = f"{UPLOADS_PREFIX}{recipe}/{job}/{_key_name(name)}"
    ticket = uploads().ticket(key, content_type, most, TICKET_SECONDS)
    moment = now()
    ledger().expect(
        JobRecord(
            id=job,
            kind="upload",
            name=name,
            created_at=moment,
            updated_at=moment,
            source=key,
            recipe=recipe,
            expire_at=epoch() + _WAITING_SECONDS,
            trace_id=new_job.trace_id,
        )
    )
    return UploadTicket(job_id=job, url=ticket["url"], fields=ticket["fields"])


def _key_name(name: str) -> str:
    """Return the file's name as the last part of a key, without characters that tools cannot handle."""
    return re.sub(r"[^\w.() -]", "_", name)[-120:]
