"""boto3 clients, built once and only when used: two of them cost as much as twelve thumbnails."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5},
    connect_timeout=3,
    read_timeout=20,
    max_pool_connections=32,
    tcp_keepalive=True,
    # Checksums beyond what a call requires cost CPU on every put, and the ledger's commit already tells a torn result.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    # Links must name the region: the global address of a new bucket redirects, which a signature does not survive.
    s3={"addressing_style": "virtual"},
)
_SPECIAL = {
    "s3": Config(signature_version="s3v4"),
    # A slow socket must not hold up the others.
    "apigatewaymanagementapi": Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 2}),
}


@cache
def client(service: str, endpoint: str | None = None) -> Any:
    """The client of one service; where it points is the environment's business (`AWS_ENDPOINT_URL`)."""
    config = _CONFIG.merge(_SPECIAL.get(service, _CONFIG))
    return boto3.client(service, config=config, endpoint_url=endpoint)  # type: ignore[call-overload]


def signer(endpoint: str | None) -> Any:
    """The S3 client that signs what browsers open: for `endpoint`, or for S3 itself when that is None."""
    return _signer(endpoint) if endpoint else client("s3")


@cache
def _signer(endpoint: str) -> Any:
    # Below a host's own name there are no names of buckets.
    config = _CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))
    return boto3.client("s3", config=config, endpoint_url=endpoint)
