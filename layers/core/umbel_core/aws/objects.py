"""Requests for one version of an object, and what S3 refuses to read however often it is asked."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import has_code
from umbel_core.errors import Rejected

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef


def object_request(bucket: str, key: str, etag: str | None, version: str | None) -> "GetObjectRequestTypeDef":
    """Return the input of a GET: of this version, else of the current object if it has this ETag."""
    request: GetObjectRequestTypeDef = {"Bucket": bucket, "Key": key}
    if version:
        request["VersionId"] = version
    elif etag:
        request["IfMatch"] = etag
    return request


def final_refusal(error: ClientError, key: str) -> Rejected | None:
    """Return the refusal of an object that its uploader has to upload in another way; None for any other error.

    A plain `AccessDenied` is not one: the role of the function lacks a permission, and its message is kept.
    """
    if has_code(error, "InvalidObjectState"):
        storage_class = error.response["Error"].get("StorageClass") or "an archive class"
        return Rejected(
            "archived_object",
            f"'{key}' is stored in {storage_class}, which S3 does not read before it is restored. Upload it again in "
            "the storage class STANDARD.",
        )
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code == "InvalidRequest" or code.startswith("KMS.") or (code == "AccessDenied" and "kms:" in message):
        return Rejected(
            "encrypted_object",
            f"'{key}' is encrypted with a key that Umbel may not use. Upload it again without encryption options.",
        )
    return None
