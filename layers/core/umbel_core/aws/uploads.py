"""The uploads bucket: manifests and pictures that requests bring, and direct uploads from browsers."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import has_code
from umbel_core.aws.objects import final_refusal, object_request
from umbel_core.errors import Rejected
from umbel_core.intake_messages import ObjectCreated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TRIES = 3


class S3Uploads:
    """The uploads bucket."""

    def __init__(self, s3: "S3Client", bucket: str, signer: "S3Client | None" = None) -> None:
        """`signer` signs what browsers send, when they reach the bucket at another endpoint than `s3`."""
        self._s3 = s3
        self._bucket = bucket
        self._signer = signer or s3

    def read(self, key: str, etag: str = "", version: str = "") -> bytes:
        """Return an object's bytes; raise `Rejected` when it was removed or replaced, or S3 refuses to read it.

        Without `etag` and `version`, the current object is read.
        """
        try:
            return self._s3.get_object(**object_request(self._bucket, key, etag, version))["Body"].read()
        except ClientError as error:
            if has_code(error, "NoSuchKey", "NoSuchVersion", "404", "PreconditionFailed", "412"):
                sentence = f"'{key}' was removed or replaced before it was read."
                raise Rejected("superseded", sentence) from error
            if rejected := final_refusal(error, key):
                raise rejected from error
            raise

    def find(self, key: str) -> ObjectCreated | None:
        """Return an object as S3's event describes it, or None when there is none."""
        try:
            head = self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if has_code(error, "NoSuchKey", "404"):
                return None
            raise
        return ObjectCreated(self._bucket, key, head["ContentLength"], head["ETag"].strip('"'), sequencer="")

    def write(self, key: str, data: bytes) -> None:
        """Store an object under a key that has an id in it, unless an earlier try stored it.

        S3 would send a second event for a second write, and it would look like a second upload.
        """
        for attempt in range(_TRIES):
            try:
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, IfNoneMatch="*")
            except ClientError as error:
                if has_code(error, "PreconditionFailed", "412"):
                    return
                # Another try is being written at this moment, and may yet fail.
                if not has_code(error, "ConditionalRequestConflict", "409") or attempt == _TRIES - 1:
                    raise
            else:
                return

    def ticket(self, key: str, content_type: str, max_bytes: int, seconds: int) -> dict[str, Any]:
        """Return a presigned POST `{url, fields}` for one file of at most `max_bytes` under exactly this key."""
        fields = {"Content-Type": content_type, "success_action_status": "201"}
        conditions = [{name: value} for name, value in fields.items()]
        return self._signer.generate_presigned_post(
            self._bucket,
            key,
            Fields=fields,
            Conditions=[*conditions, ["content-length-range", 0, max_bytes]],
            ExpiresIn=seconds,
        )
