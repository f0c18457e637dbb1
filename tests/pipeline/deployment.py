"""From nothing to a deployed stack with an engine of its own, through the code behind `umbel up`; and back."""

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pytest
from localstack_client.session import Session  # type: ignore[import-untyped]
from pytest_localstack.session import RunningSession  # type: ignore[import-untyped]

from umbel import deploy, engine, stack, tokens
from umbel.aws import AwsTarget
from umbel.environment import REGION
from umbel.errors import UmbelError
from umbel.paths import ROOT
from umbel_core.aws.circuit_breaker import DynamoCircuitBreaker
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.tokens import Role

PROBES = Path(__file__).parent / "probes"
_SERVICES = ("cloudformation", "dynamodb", "lambda", "logs", "s3", "sns", "sqs")


class Deployed:
    """The deployed stack, and clients to look into it."""

    def __init__(
        self, stack_: stack.Deployment, session: RunningSession, port: int, deploy: Callable[[], stack.Deployment]
    ) -> None:
        self.stack = stack_
        self.session = session
        self.port = port
        self.deploy = deploy
        """Deploys again what has changed in the folder of the ops."""

    def client(self, service: str) -> Any:
        """A client of the engine's, from the session."""
        return self.session.boto3.client(service)

    @cached_property
    def outsider(self) -> Any:
        """S3 as somebody with LocalStack's client uses it."""
        return Session(region_name=REGION, localstack_host=f"{engine.HOST}:{self.port}").client("s3")

    @cached_property
    def ledger(self) -> DynamoLedger:
        """The ledger as the functions read it."""
        return DynamoLedger(self.client("dynamodb"), self.stack.table, 30)

    @cached_property
    def circuits(self) -> DynamoCircuitBreaker:
        """Hosts that are left alone, as the workers know them."""
        return DynamoCircuitBreaker(self.client("dynamodb"), self.stack.table)

    @cached_property
    def sqs(self) -> Any:
        """The queues."""
        return self.client("sqs")

    def queue(self, name: str) -> str:
        """A queue's address: `intake`, `op-<name>`, either with `-dead`."""
        return str(self.sqs.get_queue_url(QueueName=f"{stack.STACK}-{name}")["QueueUrl"])

    def token(self, role: Role, days: float | None = None) -> str:
        """A new token."""
        return tokens.create(self.stack, role, "tests", days)[0]

    def results(self, job: str) -> set[str]:
        """Keys in the results bucket that belong to a job."""
        listing = self.client("s3").list_objects_v2(Bucket=self.stack.results_bucket, Prefix=f"{job}/")
        return {entry["Key"] for entry in listing.get("Contents", ())}

    def result(self, key: str) -> bytes:
        """A result's bytes."""
        return bytes(self.client("s3").get_object(Bucket=self.stack.results_bucket, Key=key)["Body"].read())


@contextmanager
def deployment(ops: Path, *, allowed: str, keep: bool) -> Iterator[Deployed]:
    """Deploy once, look, and take all of it away again unless it is to be kept for the next run."""
    shutil.rmtree(ops, ignore_errors=True)
    shutil.copytree(ROOT / "functions" / "ops", ops)
    for probe in PROBES.glob("*.py"):
        shutil.copy(probe, ops)
    try:
        here = engine.running() or engine.start(_free_port(), persist=False)
        again = partial(deploy.local, AwsTarget(here.endpoint), ops=str(ops), allowed_addresses=allowed)
        found = again()
        session = RunningSession(engine.HOST, services=dict.fromkeys(_SERVICES, here.port), region_name=REGION)
        with session:
            yield Deployed(found, session, here.port, again)
    except UmbelError as error:
        pytest.fail(f"{error}\n{error.detail}", pytrace=False)
    finally:
        if not keep:
            engine.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((engine.HOST, 0))
        return int(probe.getsockname()[1])
