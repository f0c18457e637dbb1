"""The uploads bucket: manifests read, pictures that came inside a request kept."""

from typing import Any

from botocore.exceptions import ClientError

from umbel_core.errors import Rejected


class S3Uploads:
    """The uploads bucket."""

    def __init__(self, s3: Any, bucket: str, signer: Any = None) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._signer = signer or s3

    def read(self, key: str, etag: str) -> bytes:
        """An object's bytes; `Rejected` when it is gone or was replaced."""
        condition = {"IfMatch": etag} if etag else {}
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=key, **condition)["Body"].read()  # type: ignore[no-any-return]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404", "PreconditionFailed", "412"):
                raise Rejected("superseded", f"'{key}' was removed or replaced before its turn came.") from error
            raise

    def write(self, key: str, data: bytes) -> None:
        """Keep an object."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=data)

    def ticket(self, key: str, content_type: str, max_bytes: int, seconds: int) -> dict[str, Any]:
        """A presigned POST `{url, fields}` that takes one file of at most `max_bytes` under exactly this key."""
        fields = {"Content-Type": content_type, "success_action_status": "201"}
        conditions = [{name: value} for name, value in fields.items()]
        return self._signer.generate_presigned_post(  # type: ignore[no-any-return]
            self._bucket,
            key,
            Fields=fields,
            Conditions=[*conditions, ["content-length-range", 0, max_bytes]],
            ExpiresIn=seconds,
        )
