"""The two ways into an engine: pytest-localstack's session, and localstack-client's."""

from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from localstack_client.session import Session  # type: ignore[import-untyped]
from pytest_localstack.session import RunningSession  # type: ignore[import-untyped]

from umbel.environment import REGION

_SERVICES = ("cloudformation", "dynamodb", "lambda", "logs", "s3", "sns", "sqs")


class Sessions:
    """Clients of the AWS APIs of one endpoint, made by LocalStack's own libraries and by nothing of this project."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        url = urlsplit(endpoint)
        self._host, self._port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        self._secure = url.scheme == "https"

    @cached_property
    def localstack(self) -> Any:
        """The session of pytest-localstack, which has waited until the engine's services answered."""
        services = dict.fromkeys(_SERVICES, self._port)
        session = RunningSession(self._host, services=services, region_name=REGION, use_ssl=self._secure)
        session.start(timeout=60)
        return session

    def inspect(self, service: str) -> Any:
        """Return a client of pytest-localstack's session, for looking at what was deployed."""
        return self.localstack.boto3.client(service)

    @cached_property
    def use(self) -> Any:
        """The session of localstack-client, for doing what a user does."""
        return Session(region_name=REGION, localstack_host=f"{self._host}:{self._port}")
