"""WebSocket API -> subscriptions and snapshots."""

from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
from aws_lambda_powertools import Logger

from sockets.actions import Actions
from sockets.environment import SocketsEnvironment
from umbel_core.aws.clients import client, signer
from umbel_core.aws.connections import SocketConnections
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.pictures import S3Results
from umbel_core.aws.uploads import S3Uploads
from umbel_core.catalogue import Catalogue
from umbel_core.environment import parse
from umbel_core.settings import Limits
from umbel_core.submit import Submitter

PACKAGED_DATA = Path(__file__).parent.parent
logger = Logger(service="sockets")


@cache
def limits() -> Limits:
    """The deployment's limits."""
    return msgspec.json.decode(parse(SocketsEnvironment).limits, type=Limits)


@cache
def ledger() -> DynamoLedger:
    """The deployment's ledger."""
    return DynamoLedger(client("dynamodb"), parse(SocketsEnvironment).ledger_table, limits().retention_days)


@cache
def connections() -> SocketConnections:
    """The sockets' table and their management API."""
    environment = parse(SocketsEnvironment)
    gateway = client("apigatewaymanagementapi", environment.socket_endpoint)
    return SocketConnections(client("dynamodb"), environment.sockets_table, gateway, ledger().cancel)


@cache
def actions() -> Actions:
    """The actions on the deployment's ledger."""
    environment = parse(SocketsEnvironment)
    uploads = S3Uploads(client("s3"), environment.uploads_bucket)
    submitter = Submitter(ledger(), uploads, Catalogue.load(PACKAGED_DATA / "catalogue.json"), limits())
    start = partial(client("lambda").invoke, FunctionName=environment.ticker_function, InvocationType="Event")
    url_for = S3Results(signer(environment.links_endpoint), environment.results_bucket).link
    return Actions(ledger(), connections(), submitter, url_for, start)


def handle(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Lambda's entry for every route of the WebSocket API."""
    about = event["requestContext"]
    socket, route = about["connectionId"], about["routeKey"]
    action = route
    if route == "$connect":
        connections().add(socket, about.get("authorizer", {}).get("role", "viewer"))
    elif route == "$disconnect":
        connections().remove(socket)
    else:
        action = actions().run(socket, event.get("body") or "")
    logger.info("heard", extra={"socket": socket, "action": action})
    return {"statusCode": 200}
