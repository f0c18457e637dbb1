"""What the proxy knows of the protocols of AWS's services: the name of a call, and the answer to a throttled one."""

import json
import re

_OPERATIONS = {
    "s3": {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"},
    "execute-api": {"POST": "PostToConnection", "GET": "GetConnection", "DELETE": "DeleteConnection"},
}
"""Service -> method -> operation, of the services whose calls do not name their operation."""


_READS = ("Get", "Head", "List", "Query", "Scan", "BatchGet", "Receive", "GET")


def is_read(operation: str) -> bool:
    """Return whether the call changes nothing, so that only its answer matters."""
    return operation.startswith(_READS)


def operation_of(service: str, method: str, target: str, body: bytes) -> str:
    """Return the name of the called operation, as the log shows it."""
    if target:
        return target.rpartition(".")[2]
    if service in _OPERATIONS:
        return _OPERATIONS[service].get(method, method)
    action = re.match(rb"Action=(\w+)|.*&Action=(\w+)", body[:2000])
    return (action[1] or action[2]).decode() if action else method


def throttled(service: str, target: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return the answer of a throttled call in the protocol of its service."""
    message = "Rate exceeded (injected by the fault proxy)"
    if target:
        name = "ProvisionedThroughputExceededException" if service == "dynamodb" else "ThrottlingException"
        body = json.dumps({"__type": name, "message": message}).encode()
        return 400, [("Content-Type", "application/x-amz-json-1.0")], body
    if service == "s3":
        error = f"<Error><Code>SlowDown</Code><Message>{message}</Message></Error>"
        return 503, [("Content-Type", "application/xml")], error.encode()
    if service == "lambda":
        kind = ("X-Amzn-ErrorType", "TooManyRequestsException")
        return 429, [("Content-Type", "application/json"), kind], json.dumps({"message": message}).encode()
    error = f"<Error><Type>Sender</Type><Code>Throttling</Code><Message>{message}</Message></Error>"
    return 400, [("Content-Type", "text/xml")], f"<ErrorResponse>{error}</ErrorResponse>".encode()
