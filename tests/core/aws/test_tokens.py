"""Tokens are found by the hash of their secret, and only while they are valid."""

from tests.core.aws.stubs import stubbed
from umbel_core.aws.dynamo import item
from umbel_core.aws.tokens import DynamoTokens
from umbel_core.tokens import issue, token_hash


def test_a_valid_token_is_found_by_its_hash() -> None:
    secret, kept = issue("viewer", "mine")
    with stubbed("dynamodb") as stub:
        stub.answer("get_item", Item=item(kept))
        assert DynamoTokens(stub.client, "tokens").find(secret) == kept
    assert stub.only["Key"] == {"token_hash": {"S": token_hash(secret)}}
    assert stub.only["ConsistentRead"] is True, "a revoked token must not be found"


def test_an_unknown_or_expired_token_is_not_found() -> None:
    secret, kept = issue("viewer", "mine", days=-1)
    with stubbed("dynamodb") as stub:
        stub.answer("get_item")
        stub.answer("get_item", Item=item(kept))
        stub.answer("get_item", Item=item(kept))
        assert DynamoTokens(stub.client, "tokens").find(secret) is None
        assert DynamoTokens(stub.client, "tokens").find(secret) is None
        assert DynamoTokens(stub.client, "tokens").read(secret) == kept


def test_a_token_is_revoked_by_its_id() -> None:
    (_, first), (_, second) = issue("viewer", "a"), issue("operator", "b")
    with stubbed("dynamodb") as stub:
        stub.answer("scan", Items=[item(first), item(second)])
        stub.answer("delete_item")
        assert DynamoTokens(stub.client, "tokens").revoke(second.id) == second
        stub.answer("scan", Items=[item(first)])
        assert DynamoTokens(stub.client, "tokens").revoke(second.id) is None
    assert stub.calls[1][1]["Key"] == {"token_hash": {"S": second.token_hash}}
