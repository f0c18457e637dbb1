"""Deploy the real template to an engine of its own that enforces IAM and the policies of buckets."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from tests.access import https_proxy
from umbel import engine, environment
from umbel.environment import REGION
from umbel.paths import ROOT
from umbel.stack import STACK, Deployment
from umbel_core.aws.tokens import DynamoTokens
from umbel_core.tokens import Role, issue

_DEPLOY = """
import msgspec
from umbel import deploy, engine
from umbel.aws import AwsTarget
engine.start({port}, persist=False)
found = deploy.local(AwsTarget({endpoint!r}), ops={ops!r}, allowed_addresses={allowed!r})
print(msgspec.json.encode(found).decode())
"""
_OPS = ("blur", "fetch", "grayscale", "measure", "qr", "rotate90", "thumbnail", "upper", "wait", "watermark")
"""One or more of each kind, and all that a recipe names: every lane costs time to deploy."""
_STOP = "from umbel import engine; engine.stop()"


class Secured:
    """The deployed stack, and clients of the engine with the rights of the administrator, of a role, or of nobody."""

    def __init__(self, stack: Deployment, engine_port: int) -> None:
        self.stack = stack
        self.engine_port = engine_port
        self._root = boto3.Session("test", "test", region_name=REGION)

    def client(self, service: str) -> Any:
        """Return a client that may do everything."""
        session: Any = self._root
        return session.client(service, endpoint_url=self.stack.endpoint)

    def anonymous(self, service: str) -> Any:
        """Return a client that signs nothing."""
        session: Any = self._root
        return session.client(service, endpoint_url=self.stack.endpoint, config=Config(signature_version=UNSIGNED))

    def client_of(self, role_arn: str) -> Callable[..., Any]:
        """Return a function that returns a client with the rights of a role."""
        given = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="tests")["Credentials"]
        return partial(
            self._root.client,
            endpoint_url=self.stack.endpoint,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    def roles(self) -> dict[str, str]:
        """Return function name without the stack's prefix -> ARN of its role."""
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        return {
            function["FunctionName"].removeprefix(f"{STACK}-"): function["Role"]
            for page in pages
            for function in page["Functions"]
        }

    def token(self, role: Role, days: float | None = None) -> str:
        """Create a token."""
        secret, record = issue(role, "tests", days)
        self.tokens.add(record)
        return secret

    @property
    def tokens(self) -> DynamoTokens:
        """The table of the tokens."""
        return DynamoTokens(self.client("dynamodb"), self.stack.tokens_table)


@contextmanager
def deployment(home: Path, *, allowed: str) -> Iterator[Secured]:
    """Deploy the stack with some of its ops and yield it; stop its engine at the end."""
    ops = home / "ops"
    ops.mkdir()
    for name in _OPS:
        shutil.copy(ROOT / "functions" / "ops" / f"{name}.py", ops)
    with socket.create_server((engine.HOST, 0)) as probe:
        port = probe.getsockname()[1]
    with https_proxy.running(port) as proxy_port:
        endpoint = engine.local_endpoint(proxy_port)
        settings = {"UMBEL_HOME": str(home), "UMBEL_ENGINE_AUTH": "true", "UMBEL_ENGINE_AWS_ENDPOINT_URL": endpoint}
        try:
            printed = _python(_DEPLOY.format(port=port, endpoint=endpoint, ops=str(ops), allowed=allowed), settings)
            secured = Secured(msgspec.json.decode(printed.splitlines()[-1], type=Deployment), port)
            _allow_what_only_the_engine_asks_for(secured)
            yield secured
        finally:
            _python(_STOP, settings)


def _allow_what_only_the_engine_asks_for(secured: Secured) -> None:
    """Add rights to two roles: the engine asks for other actions than AWS does for these two calls."""
    arn = f"arn:aws:{{}}:{REGION}:*:{{}}{STACK}-*"
    # For PublishBatch, AWS asks for sns:Publish; for GetFunctionConcurrency, for the action of that name.
    actions = {
        "coordinator": ("sns:PublishBatch", arn.format("sns", "")),
        "ticker": ("lambda:PutFunctionConcurrency", arn.format("lambda", "function:")),
    }
    for function, (action, resource) in actions.items():
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        secured.client("iam").put_role_policy(
            RoleName=secured.roles()[function].rpartition("/")[2],
            PolicyName="only-for-the-engine",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )


def _python(code: str, settings: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment.clean(), **settings, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
    return done.stdout
