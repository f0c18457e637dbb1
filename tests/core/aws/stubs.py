"""boto3 clients that send nothing: a Stubber answers each call, and every call's parameters are kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import boto3
from botocore.stub import Stubber

Service = Literal["dynamodb", "s3", "sns", "sqs", "lambda", "apigatewaymanagementapi"]


class Stub:
    """A client, the answers that it gives, and the calls that it got: operation and parameters."""

    def __init__(self, service: Service) -> None:
        session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
        self.client: Any = session.client(service)
        self.stubber = Stubber(self.client)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.client.meta.events.register("provide-client-params.*", self._keep)

    def answer(self, *operations: str, **response: Any) -> None:
        """Give the same answer to these operations, one after another. Parameters must fit the service's model."""
        for operation in operations:
            self.stubber.add_response(operation, response)

    def refuse(self, operation: str, code: str, **fields: Any) -> None:
        """Refuse an operation with this error code."""
        self.stubber.add_client_error(operation, code, modeled_fields=fields)

    @property
    def operations(self) -> list[str]:
        """The names of the operations that were called."""
        return [operation for operation, _ in self.calls]

    @property
    def only(self) -> dict[str, Any]:
        """The parameters of the only call."""
        ((_, params),) = self.calls
        return params

    def _keep(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, dict(params)))


@contextmanager
def stubbed(service: Service) -> Iterator[Stub]:
    """Return a stubbed client; all its answers must have been used at the end."""
    stub = Stub(service)
    with stub.stubber:
        yield stub
        stub.stubber.assert_no_pending_responses()
