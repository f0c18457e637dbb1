"""Create, find and revoke the bearer tokens of a deployed Umbel, directly in its DynamoDB table."""

from umbel.errors import UmbelError
from umbel.stack import Deployment
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
    """Delete the token with this id, so that it is refused from then on; return its record."""
    record = token_table(deployment).revoke(name)
    if record is None:
        raise UmbelError(f"there is no token '{name}': umbel token list")
    return record
