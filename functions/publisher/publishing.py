"""Copies the built web app and its configuration into its bucket, and deletes the files of earlier versions."""

import io
import mimetypes
import zipfile
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONFIG = "config.json"


class Site(msgspec.Struct, frozen=True):
    """The custom resource's properties."""

    bucket: str
    archive_bucket: str
    archive_key: str
    config: str
    """The content of `config.json`, which the page reads."""


def publish(s3: "S3Client", site: Site) -> list[str]:
    """Copy every file, `index.html` last because it names the others; return the keys in the bucket."""
    archive = s3.get_object(Bucket=site.archive_bucket, Key=site.archive_key)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        names = sorted(
            (name for name in files.namelist() if not name.endswith("/")), key=lambda name: name == "index.html"
        )
        for name in [name for name in names if name != "index.html"]:
            _put(s3, site.bucket, name, files.read(name))
        _put(s3, site.bucket, CONFIG, site.config.encode())
        _put(s3, site.bucket, "index.html", files.read("index.html"))
    kept = {*names, CONFIG}
    _remove(s3, site.bucket, kept)
    return sorted(kept)


def clear(s3: "S3Client", bucket: str) -> None:
    """Delete all objects, so that the bucket can be deleted."""
    _remove(s3, bucket, set())


def _put(s3: "S3Client", bucket: str, key: str, data: bytes) -> None:
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind == "application/json":
        kind += "; charset=utf-8"
    # The build's files have a hash in their names and never change; browsers must check all other files every time.
    cache_control = "public, max-age=31536000, immutable" if key.startswith("assets/") else "no-cache"
    s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=kind, CacheControl=cache_control)


def _remove(s3: "S3Client", bucket: str, kept: set[str]) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", ()):
            if entry["Key"] not in kept:
                s3.delete_object(Bucket=bucket, Key=entry["Key"])
