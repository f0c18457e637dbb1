"""Clients of AWS services, each built at its first use, because building one takes longer than most tasks.

They are botocore's, which `boto3.client` returns as well: to import boto3 takes 40 ms, for parts that nothing uses.
"""

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

import msgspec
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from umbel_core.environment import parse

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

Client = TypeVar("Client", bound=BaseClient)
AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""What a client raises: AWS refused the call, or gave no answer that can be read."""
_UNREADABLE_ATTEMPTS = 3
_CONFIG = Config(
    # The pauses take three seconds at most. Many more would let a function of ten seconds time out, and with it all
    # messages of its batch; a message whose call failed is only delivered again.
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=3,
    read_timeout=20,
    max_pool_connections=32,
    tcp_keepalive=True,
    # Optional checksums cost CPU on every put; an incomplete result is never committed to the ledger anyway.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_S3 = _CONFIG.merge(
    # Presigned URLs must name the region: the global endpoint redirects requests for new buckets, and a signature is
    # valid for one host only.
    Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
)
# A local engine has no host name for each bucket, so the bucket is part of the path.
_LOCAL_S3 = _S3.merge(Config(s3={"addressing_style": "path"}))
# One slow connection must not delay the others.
_CONNECTIONS = _CONFIG.merge(Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 2}))


class _Engine(msgspec.Struct, frozen=True):
    """The variable in which a local engine gives its functions its URL. boto3 reads it too; AWS does not set it."""

    aws_endpoint_url: str | None = None


def _engine_url() -> str | None:
    return parse(_Engine).aws_endpoint_url


def _reading_json(client: Client) -> Client:
    """Let a client of a service that answers in JSON try again when an answer is not JSON, and then raise an error.

    botocore takes such an answer as an empty one: a task would seem not to exist, a queue to have no messages.
    """
    events: Any = client.meta.events  # its type does not say that a handler may return something
    events.register("needs-retry", _retry_unreadable)
    events.register("after-call", _raise_unreadable)
    return client


def _retry_unreadable(response: tuple[Any, dict[str, Any]] | None, attempts: int, **_: Any) -> float | None:
    """Return the seconds after which the call is tried again, or None."""
    return 0.1 * 2**attempts if response and attempts < _UNREADABLE_ATTEMPTS and _is_unreadable(*response) else None


def _raise_unreadable(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    if _is_unreadable(http_response, parsed):
        raise ResponseParserError(f"an answer that is not JSON: {http_response.content[:80]!r}")


def _is_unreadable(http_response: Any, parsed: dict[str, Any]) -> bool:
    """Return True for an answer that botocore took as an empty one although it is not."""
    if http_response.status_code >= 300 or parsed.keys() > {"ResponseMetadata"} or not http_response.content:
        return False
    try:
        json.loads(http_response.content)
    except ValueError:
        return True
    return False


@cache
def _session() -> Session:
    return Session()


def _client(service: str, config: Config, endpoint: str | None = None) -> Client:  # type: ignore[type-var] # as asked for
    made: Any = _session().create_client(service, config=config, endpoint_url=endpoint)
    return made  # type: ignore[no-any-return]


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client. `AWS_ENDPOINT_URL` sets the endpoint of all clients."""
    return _reading_json(_client("dynamodb", _CONFIG))


@cache
def s3() -> "S3Client":
    """Return the S3 client."""
    return _client("s3", _LOCAL_S3 if _engine_url() else _S3)


@cache
def sns() -> "SNSClient":
    """Return the SNS client."""
    return _client("sns", _CONFIG)


@cache
def sqs() -> "SQSClient":
    """Return the SQS client."""
    return _reading_json(_client("sqs", _CONFIG))


@cache
def lambdas() -> "LambdaClient":
    """Return the Lambda client."""
    return _reading_json(_client("lambda", _CONFIG))


@cache
def gateway(endpoint: str) -> "ApiGatewayManagementApiClient":
    """Return the client that sends messages to the connections of the WebSocket API at this endpoint.

    A path, such as `/_aws/execute-api/<id>/live`, is one of the local engine that runs the function. Which host that
    is, only the engine knows: it may run its functions in containers, where 127.0.0.1 is another machine.
    """
    url = urljoin(_engine_url() or "", endpoint)
    return _client("apigatewaymanagementapi", _CONNECTIONS, url)


def signer(endpoint: str | None) -> "S3Client":
    """Return the S3 client that signs URLs for browsers: for `endpoint`, or for S3 itself when it is None."""
    return _signer(endpoint) if endpoint else s3()


@cache
def _signer(endpoint: str) -> "S3Client":
    return _client("s3", _LOCAL_S3, endpoint)
