"""WebSocket API -> subscriptions and snapshots."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from sockets.conversation import Conversation
from sockets.environment import SocketsEnvironment
from umbel_core.aws.audience import SocketAudience
from umbel_core.aws.clients import client
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.pictures import S3Results
from umbel_core.environment import parse

logger = Logger(service="sockets")


@cache
def audience() -> SocketAudience:
    """The sockets' table and their management API."""
    environment = parse(SocketsEnvironment)
    gateway = client("apigatewaymanagementapi", environment.socket_endpoint)
    return SocketAudience(client("dynamodb"), environment.sockets_table, gateway)


@cache
def conversation() -> Conversation:
    """The conversation on the deployment's ledger."""
    environment = parse(SocketsEnvironment)
    ledger = DynamoLedger(client("dynamodb"), environment.ledger_table, environment.retention_days)
    return Conversation(ledger, audience(), S3Results(client("s3"), environment.results_bucket).link)


def handle(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Lambda's entry for every route of the WebSocket API."""
    about = event["requestContext"]
    socket, route = about["connectionId"], about["routeKey"]
    action = route
    if route == "$connect":
        audience().admit(socket, about.get("authorizer", {}).get("role", "viewer"))
    elif route == "$disconnect":
        audience().forget(socket)
    else:
        action = conversation().hear(socket, event.get("body") or "")
    logger.info("heard", extra={"socket": socket, "action": action})
    return {"statusCode": 200}
