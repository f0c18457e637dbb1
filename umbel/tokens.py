"""Create, find and revoke the bearer tokens of a deployed Umbel, directly in its DynamoDB table."""

from umbel.errors import UmbelError
from umbel.stack import Deployment
from umbel_core.aws.connections import SocketConnections
from umbel_core.aws.tokens import DynamoTokens
from umbel_core.tokens import Role, TokenRecord, issue


def token_table(deployment: Deployment) -> DynamoTokens:
    """Return the table of the deployment's tokens."""
    return DynamoTokens(deployment.aws.client("dynamodb"), deployment.tokens_table)


def create(deployment: Deployment, role: Role, label: str, days: float | None = None) -> tuple[str, TokenRecord]:
    """Create a token, valid at once; return its secret and its record. The secret is stored nowhere."""
    secret, record = issue(role, label, days)
    token_table(deployment).add(record)
    return secret, record


def revoke(deployment: Deployment, name: str) -> TokenRecord:
    """Delete the token with this id, so that it is refused from then on, and close its connections.

    Return its record.
    """
    record = token_table(deployment).revoke(name)
    if record is None:
        raise UmbelError(f"there is no token '{name}': umbel token list")
    if deployment.sockets_table is None:
        return record
    # The management API of a WebSocket has the URL of the WebSocket, by HTTP.
    gateway = deployment.aws.client("apigatewaymanagementapi", deployment.socket.replace("ws", "http", 1))
    dynamodb = deployment.aws.client("dynamodb")
    SocketConnections(dynamodb, deployment.sockets_table, gateway, _ended_by_its_function).close_all(record.id)
    return record


def _ended_by_its_function(job_id: str) -> None:
    """Do nothing: when a connection is closed, the deployment's own function cancels the jobs of the connection."""
