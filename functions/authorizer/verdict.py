"""Create the policy of a token: a viewer may read and connect, an operator may do everything."""

from typing import Any, Literal

from umbel_core.tokens import TokenRecord

Refusal = Literal["malformed", "unknown", "expired"]
"""Why a token is refused. The API's function answers 401 with a sentence for each."""


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


def policy(method_arn: str, secret: str | None, record: TokenRecord | None) -> dict[str, Any]:
    """Return the IAM policy for API Gateway. It is cached for all requests of the token, so it covers every method.

    A refused HTTP request passes API Gateway without a role, and the API's function answers it: API Gateway has one
    sentence for all. A WebSocket's handshake has no body, so it is refused here.
    """
    api, stage = method_arn.split("/")[:2]
    everything = f"{api}/{stage}/*"
    is_socket = method_arn.endswith("$connect")
    if record is None or record.expired:
        if is_socket:
            return _policy("nobody", "Deny", [method_arn], {})
        return _policy("nobody", "Allow", [everything], {"refusal": _refusal(secret, record)})
    allowed = [everything] if record.role == "operator" or is_socket else [f"{api}/{stage}/GET/*"]
    return _policy(record.id, "Allow", allowed, {"role": record.role, "token": record.id})


def _refusal(secret: str | None, record: TokenRecord | None) -> Refusal:
    if secret is None:
        return "malformed"
    return "expired" if record else "unknown"


def _policy(principal: str, effect: str, resources: list[str], context: dict[str, str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }
