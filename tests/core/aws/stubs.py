"""boto3 clients that send nothing: a Stubber answers each call, and every call's parameters are kept.

As in the layer, botocore knows only the operations that the code calls; a call of another one fails its test.
"""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from botocore.loaders import Loader
from botocore.session import Session
from botocore.stub import Stubber

from infra.aws_calls import called_operations, reduced
from umbel.paths import ROOT

Service = Literal["dynamodb", "s3", "sns", "sqs", "lambda", "apigatewaymanagementapi"]
SERVICES: list[str] = tomllib.loads((ROOT / "layers" / "core" / "layer.toml").read_text(encoding="utf-8"))["services"]
CALLED = called_operations(SERVICES, [ROOT / "layers", ROOT / "functions"])


class ReducedLoader(Loader):
    """Loads what the layer has of a service's model."""

    def load_service_model(self, service: str, kind: str, api_version: str | None = None) -> dict[str, Any]:
        """Return the model with the operations that the code calls."""
        model: dict[str, Any] = super().load_service_model(service, kind, api_version)
        return reduced(model, CALLED[service]) if kind == "service-2" else model


class Stub:
    """A client, the answers that it gives, and the calls that it got: operation and parameters."""

    def __init__(self, service: Service) -> None:
        session = Session()
        session.set_credentials("x", "x")
        session.register_component("data_loader", ReducedLoader())
        self.client: Any = session.create_client(service, "us-east-1")
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
