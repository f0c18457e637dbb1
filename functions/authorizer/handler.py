"""Bearer token -> IAM policy, for HTTP and WebSocket."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from authorizer.environment import AuthorizerEnvironment
from authorizer.verdict import policy, token_in
from umbel_core.aws import clients
from umbel_core.aws.tokens import DynamoTokens
from umbel_core.environment import parse

logger = Logger(service="authorizer")


@cache
def tokens() -> DynamoTokens:
    """Return the tokens table. It does not use the wiring module, whose imports would delay the first request."""
    return DynamoTokens(clients.dynamodb(), parse(AuthorizerEnvironment).tokens_table)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Return the policy for a request, as a REQUEST authorizer of API Gateway."""
    secret = token_in(event)
    record = tokens().read(secret) if secret else None
    found = policy(event["methodArn"], secret, record)
    logger.info(
        "token checked",
        extra={
            "token": record.id if record else None,
            "refusal": found["context"].get("refusal"),
            # Callers choose the path, and some characters of other scripts end a line.
            "method": ascii(event["methodArn"].split("/", 1)[1])[1:-1],
        },
    )
    return found
