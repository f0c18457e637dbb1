"""Create the policy of a token: a viewer may read and connect, an operator may do everything."""

from typing import Any

from umbel_core.tokens import TokenRecord


def token_in(event: dict[str, Any]) -> str | None:
    """Return the token of a request: from the Authorization header, or for a WebSocket from `?token=`.

    A browser cannot send headers with a WebSocket. HTTP requests must not use `?token=`: API Gateway caches the policy
    by the header alone.
    """
    if "httpMethod" not in event:
        return (event.get("queryStringParameters") or {}).get("token")
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, token = (headers.get("authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def policy(method_arn: str, record: TokenRecord | None) -> dict[str, Any]:
    """Return the IAM policy for API Gateway. It is cached for all requests of the token, so it covers every method."""
    if record is None or record.expired:
        return _policy("nobody", "Deny", [method_arn], {})
    api, stage = method_arn.split("/")[:2]
    everything = f"{api}/{stage}/*"
    socket = method_arn.endswith("$connect")
    allowed = [everything] if record.role == "operator" or socket else [f"{api}/{stage}/GET/*"]
    return _policy(record.id, "Allow", allowed, {"role": record.role, "token": record.id})


def _policy(principal: str, effect: str, resources: list[str], context: dict[str, str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }
