"""Pictures and results in S3."""

from typing import Any

from botocore.exceptions import ClientError

from umbel_core.errors import Rejected
from umbel_core.settings import too_large

LINK_SECONDS = 3600
"""How long a link to a result can be opened."""


class S3Pictures:
    """Where pictures come from: the uploads bucket."""

    def __init__(self, s3: Any, bucket: str, max_bytes: int) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._max_bytes = max_bytes

    def fetch(self, key: str, etag: str | None) -> bytes:
        """The picture's bytes, or `Rejected` when it is gone, was replaced since, or is too large."""
        condition = {"IfMatch": etag} if etag else {}
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key, **condition)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("NoSuchKey", "404", "KeyTooLongError"):
                raise Rejected("no_such_picture", f"There is no picture '{key}' in the uploads bucket.") from error
            if code in ("PreconditionFailed", "412"):
                raise Rejected(
                    "superseded", "The picture was replaced by a newer upload of the same name before its turn came."
                ) from error
            raise
        with answer["Body"] as body:
            if answer["ContentLength"] > self._max_bytes:
                raise too_large(answer["ContentLength"], self._max_bytes)
            return body.read()  # type: ignore[no-any-return]


class S3Results:
    """Where results go, and the links to them."""

    def __init__(self, s3: Any, bucket: str) -> None:
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
            return body.read()  # type: ignore[no-any-return]

    def link(self, key: str) -> str:
        """An address that opens the result for an hour."""
        return self._s3.generate_presigned_url(  # type: ignore[no-any-return]
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=LINK_SECONDS
        )
