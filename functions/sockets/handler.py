"""WebSocket API -> subscriptions and snapshots."""

from functools import cache, partial
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from sockets.actions import Actions
from sockets.environment import SocketsEnvironment
from umbel_core.aws import clients, wiring
from umbel_core.aws.connections import SocketConnections
from umbel_core.catalogue import Catalogue
from umbel_core.environment import parse
from umbel_core.submit import Submitter

PACKAGED_DATA = Path(__file__).parent.parent
logger = Logger(service="sockets")


@cache
def connections() -> SocketConnections:
    """Return this deployment's connections."""
    return wiring.connections(parse(SocketsEnvironment))


@cache
def actions() -> Actions:
    """Return the actions on this deployment's ledger and connections."""
    environment = parse(SocketsEnvironment)
    ledger, uploads = wiring.ledger(environment), wiring.uploads(environment)
    submitter = Submitter(ledger, uploads, Catalogue.load(PACKAGED_DATA / "catalogue.json"), environment.limits)
    invoke = clients.lambdas().invoke
    start_ticker = partial(invoke, FunctionName=environment.ticker_function, InvocationType="Event")
    link = wiring.results_for_browsers(environment).link
    return Actions(ledger, connections(), submitter, link, start_ticker, name_log_lines)


def name_log_lines(job_id: str, trace_id: str) -> None:
    """Put the ids of the job into all further log lines of this event."""
    logger.thread_safe_append_keys(job_id=job_id, trace_id=trace_id)


def handle(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Process an event of any route of the WebSocket API."""
    logger.thread_safe_clear_keys()
    request = event["requestContext"]
    socket, route = request["connectionId"], request["routeKey"]
    action = route
    # The route of a message is what its sender wrote as action, which may be "$connect".
    match request["eventType"]:
        case "CONNECT":
            # Without it nobody checked the token: some local engines do not call the authorizer of a WebSocket API.
            token = request.get("authorizer") or {}
            if not token.get("role"):
                logger.error("connection refused: the authorizer was not called", extra={"socket": socket})
                return {"statusCode": 401}
            connections().add(socket, token["role"], token.get("token", ""))
        case "DISCONNECT":
            connections().remove(socket)
        case _:
            action = actions().run(socket, event.get("body") or "")
    logger.info("heard", extra={"socket": socket, "action": action})
    return {"statusCode": 200}
