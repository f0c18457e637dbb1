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
    s3={"addressing_style": "auto"},
    signature_version="v4",
)


@cache
def client(service: str, endpoint: str | None = None) -> Any:
    """The client of one service; where it points is the environment's business (`AWS_ENDPOINT_URL`)."""
    config = _CONFIG if service != "s3" else _CONFIG.merge(Config(signature_version="s3v4"))
    return boto3.client(service, config=config, endpoint_url=endpoint)  # type: ignore[call-overload]
