"""Deploy the stack to an engine of its own, with the code of `umbel up`, and delete it afterwards."""

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

FUSED_RECIPE = """
[together]
fuse = true
thumbnail = {}
grayscale = {}
blur = {}
rotate90 = {}
sign = { op = "placeholder" }
part = { op = "crop", width = 300, height = 200 }
"""
"""The variants of the recipe `default`, one that is no picture, and one that small pictures do not have."""
PROBES = Path(__file__).parent / "probes"
_SERVICES = ("cloudformation", "dynamodb", "lambda", "logs", "s3", "sns", "sqs")


class Deployed:
    """The deployed stack, and clients to inspect it."""

    def __init__(
        self, stack_: stack.Deployment, session: RunningSession, port: int, deploy: Callable[[], stack.Deployment]
    ) -> None:
        self.stack = stack_
        self.session = session
        self.port = port
        self.deploy = deploy
        """Deploys again, with the changes in the folder of the ops."""

    def client(self, service: str) -> Any:
        """Return a client of the engine, from the session."""
        return self.session.boto3.client(service)

    @cached_property
    def localstack_s3(self) -> Any:
        """An S3 client of LocalStack's library, which knows nothing of this project."""
        return Session(region_name=REGION, localstack_host=f"{engine.HOST}:{self.port}").client("s3")

    @cached_property
    def ledger(self) -> DynamoLedger:
        """The ledger, read with the functions' own code."""
        return DynamoLedger(self.client("dynamodb"), self.stack.table, 30)

    @cached_property
    def circuits(self) -> DynamoCircuitBreaker:
        """The circuit breakers of hosts, read with the workers' own code."""
        return DynamoCircuitBreaker(self.client("dynamodb"), self.stack.table)

    @cached_property
    def sqs(self) -> Any:
        """A client of SQS."""
        return self.client("sqs")

    def queue(self, name: str) -> str:
        """Return the URL of a queue: `intake`, `op-<name>`, or one of these with `-dead`."""
        return str(self.sqs.get_queue_url(QueueName=f"{stack.STACK}-{name}")["QueueUrl"])

    def functions(self, prefix: str = "") -> list[str]:
        """Return the names of the deployed functions; with `op-`, those of the ops."""
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        names = [each["FunctionName"] for page in pages for each in page["Functions"]]
        return [name for name in names if name.startswith(f"{stack.STACK}-{prefix}")]

    def token(self, role: Role, days: float | None = None) -> str:
        """Create a token."""
        return tokens.create(self.stack, role, "tests", days)[0]

    def results(self, job: str) -> set[str]:
        """Return the keys of a job's objects in the results bucket."""
        listing = self.client("s3").list_objects_v2(Bucket=self.stack.results_bucket, Prefix=f"{job}/")
        return {entry["Key"] for entry in listing.get("Contents", ())}

    def result(self, key: str) -> bytes:
        """Return the bytes of a result."""
        return bytes(self.client("s3").get_object(Bucket=self.stack.results_bucket, Key=key)["Body"].read())


@contextmanager
def deployment(ops: Path, *, allowed: str, keep_running: bool) -> Iterator[Deployed]:
    """Deploy the stack and yield it; stop its engine at the end, unless `keep_running` is set."""
    shutil.rmtree(ops, ignore_errors=True)
    shutil.copytree(ROOT / "functions" / "ops", ops)
    for probe in PROBES.glob("*.py"):
        shutil.copy(probe, ops)
    recipes = ops.with_name("recipes.toml")
    recipes.write_text((ROOT / "recipes.toml").read_text() + FUSED_RECIPE)
    try:
        ours = engine.running() or engine.start(free_port(), persist=False)
        deploy_stack = partial(
            deploy.local, AwsTarget(ours.endpoint), ops=str(ops), recipes=str(recipes), allowed_addresses=allowed
        )
        deployed_stack = deploy_stack()
        session = RunningSession(engine.HOST, services=dict.fromkeys(_SERVICES, ours.port), region_name=REGION)
        with session:
            yield Deployed(deployed_stack, session, ours.port, deploy_stack)
    except UmbelError as error:
        pytest.fail(f"{error}\n{error.detail}", pytrace=False)
    finally:
        if not keep_running:
            engine.stop()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((engine.HOST, 0))
        return int(probe.getsockname()[1])
