"""A local engine that this checkout did not start, such as a LocalStack: what it must have, and where its sockets are.

docs/local.md lists how LocalStack differs from the engine of `make up`, with sources.
"""

import socket
from typing import Any
from urllib.parse import urlsplit

from umbel import engine
from umbel.errors import UmbelError

CONTAINER_PYTHON = "3.13"
"""Where functions run in containers, as on AWS: the runtime whose image is as new as our wheels need (glibc 2.28)."""
_NEEDED = (
    *("apigateway", "apigatewayv2", "cloudformation", "cloudfront", "cloudwatch", "dynamodb", "dynamodbstreams"),
    *("events", "iam", "lambda", "logs", "s3", "sns", "sqs", "ssm", "sts"),
)
"""The services of the template and of `cdk bootstrap`, as LocalStack's health names them."""
_GATEWAY = "/_aws/execute-api"


def context(endpoint: str) -> dict[str, str]:
    """Return the CDK context of a deployment to this engine; raise an error that names the services that it lacks.

    Links for browsers name the endpoint that the caller uses: the one that the functions use may be inside Docker.
    """
    chosen = {"public_endpoint": endpoint}
    if engine.is_ministack(endpoint):
        # It has all services, and runs the functions with its own Python.
        return chosen
    _require_services(endpoint, engine.health(endpoint) or {})
    return chosen | {"python": CONTAINER_PYTHON}


def socket_url(endpoint: str, api_endpoint: str, api_id: str, stage: str) -> str:
    """Return the URL of a WebSocket API, whose own `ApiEndpoint` the engine reports.

    LocalStack gives each WebSocket API a port from 4510 on, and no path; it always says `localhost`, whatever host it
    is reached by. An engine that names its own port, or no URL of a socket, serves
    the API at the path of all APIs.
    """
    own, reported = urlsplit(endpoint), urlsplit(api_endpoint)
    scheme = "wss" if own.scheme == "https" else "ws"
    if reported.scheme not in {"ws", "wss"} or reported.port in {None, own.port}:
        return f"{scheme}://{own.netloc}{_GATEWAY}/{api_id}/{stage}"
    return f"{reported.scheme}://{own.hostname}:{reported.port}"


def s3_endpoint(endpoint: str) -> str:
    """Return the endpoint with the host's IP address, with which every AWS SDK puts a bucket into the path of a URL.

    With a name, the CDK would put the bucket before it, and `assets.localhost` is no host that an engine serves.
    """
    parts = urlsplit(endpoint)
    if parts.scheme != "http":
        # The certificate is for the name.
        return endpoint
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return endpoint
    address = found[0][4][0]
    return f"http://{address}:{parts.port}" if parts.port else f"http://{address}"


def _require_services(endpoint: str, health: dict[str, Any]) -> None:
    states: dict[str, str] = health.get("services", {})
    missing = [name for name in _NEEDED if states.get(name, "disabled") in {"disabled", "error"}]
    if missing:
        sentence = f"the engine at {endpoint} lacks {', '.join(missing)}"
        advice = "a LocalStack has them with LOCALSTACK_AUTH_TOKEN set, in a plan with WebSocket APIs and CloudFront"
        raise UmbelError(f"{sentence}: {advice}")
