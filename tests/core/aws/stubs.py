"""boto3 clients that send nothing: a Stubber checks each call's parameters and answers it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import boto3
from botocore.stub import ANY, Stubber

Service = Literal["dynamodb", "s3", "sns", "sqs", "lambda", "apigatewaymanagementapi"]
Call = tuple[str, dict[str, Any]]
"""An operation and its expected parameters; `ANY` stands for any value."""
WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")

__all__ = ["ANY", "Call", "calls_of", "stubbed"]


def client(service: Service) -> Any:
    """Return a client that needs no configuration."""
    secrets = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return boto3.client(service, region_name="us-east-1", **secrets)  # type: ignore[call-overload]


@contextmanager
def stubbed(service: Service) -> Iterator[tuple[Any, Stubber]]:
    """Return a client and its stubber; all answers that were added must have been used at the end."""
    made = client(service)
    with Stubber(made) as stubber:
        yield made, stubber
        stubber.assert_no_pending_responses()


def calls_of(made: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the list to which every further call of a client is added: the operation and its parameters."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def add(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, params))

    made.meta.events.register("provide-client-params.*.*", add)
    return calls
