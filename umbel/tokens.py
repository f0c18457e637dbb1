"""The bearer tokens of a deployed Umbel: its operator writes them straight into their table."""

from umbel.faults import Fault
from umbel.stack import Site
from umbel_core.aws.tokens import DynamoTokens
from umbel_core.tokens import Role, TokenRecord, issue


def of(site: Site) -> DynamoTokens:
    """The deployment's tokens."""
    return DynamoTokens(site.cloud.client("dynamodb"), site.tokens_table)


def create(site: Site, role: Role, label: str, days: float | None = None) -> tuple[str, TokenRecord]:
    """Make a token that is valid at once. The secret is in the answer and nowhere else."""
    secret, record = issue(role, label, days)
    of(site).add(record)
    return secret, record


def revoke(site: Site, name: str) -> TokenRecord:
    """Delete the token with this id; it is refused from then on."""
    record = of(site).revoke(name)
    if record is None:
        raise Fault(f"there is no token '{name}': umbel token list")
    return record
