"""Pictures and results in S3."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import has_code
from umbel_core.aws.objects import final_refusal, object_request
from umbel_core.errors import Rejected
from umbel_core.settings import too_large

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LINK_SECONDS = 3600
"""How long a URL of a result is valid."""


class S3Pictures:
    """The uploads bucket, as the worker reads it."""

    def __init__(self, s3: "S3Client", bucket: str, max_bytes: int) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._max_bytes = max_bytes

    def fetch(self, key: str, etag: str | None, version: str | None = None) -> bytes:
        """Return the picture's bytes; raise `Rejected` when it is missing, was replaced, is refused or is too large."""
        try:
            answer = self._s3.get_object(**object_request(self._bucket, key, etag, version))
        except ClientError as error:
            if has_code(error, "NoSuchKey", "NoSuchVersion", "404", "KeyTooLongError"):
                raise Rejected("no_such_picture", f"There is no picture '{key}' in the uploads bucket.") from error
            if has_code(error, "PreconditionFailed", "412"):
                raise Rejected(
                    "superseded", "A newer upload of the same name replaced the picture before this task started."
                ) from error
            if rejected := final_refusal(error, key):
                raise rejected from error
            raise
        with answer["Body"] as body:
            if answer["ContentLength"] > self._max_bytes:
                raise too_large(answer["ContentLength"], self._max_bytes)
            return body.read()


class S3Results:
    """The results bucket: writes, and URLs for browsers."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store one result."""
        self._s3.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=data,
            ContentType=content_type,
            ContentDisposition="inline",
            CacheControl="private, max-age=3600",
        )

    def read(self, key: str) -> bytes:
        """Return a result's bytes."""
        with self._s3.get_object(Bucket=self._bucket, Key=key)["Body"] as body:
            return body.read()

    def link(self, key: str) -> str:
        """Return a URL at which the result can be read for an hour, or until the role's session ends."""
        return self._s3.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=LINK_SECONDS
        )
