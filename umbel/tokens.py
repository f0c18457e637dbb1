"""The bearer tokens of a deployed Umbel: its operator writes them straight into their table."""

from umbel.errors import UmbelError
from umbel.stack import Deployment
from umbel_core.aws.tokens import DynamoTokens
from umbel_core.tokens import Role, TokenRecord, issue


def of(deployment: Deployment) -> DynamoTokens:
    """The deployment's tokens."""
    return DynamoTokens(deployment.cloud.client("dynamodb"), deployment.tokens_table)


def create(deployment: Deployment, role: Role, label: str, days: float | None = None) -> tuple[str, TokenRecord]:
    """Make a token that is valid at once. The secret is in the answer and nowhere else."""
    secret, record = issue(role, label, days)
    of(deployment).add(record)
    return secret, record


def revoke(deployment: Deployment, name: str) -> TokenRecord:
    """Delete the token with this id; it is refused from then on."""
    record = of(deployment).revoke(name)
    if record is None:
        raise UmbelError(f"there is no token '{name}': umbel token list")
    return record
