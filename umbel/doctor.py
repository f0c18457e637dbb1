"""What a deployment needs of this machine and of the AWS account, looked at before it starts."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from umbel import engine, stack, toolchain
from umbel.aws import Cloud
from umbel.faults import Fault
from umbel.home import ROOT
from umbel.quota import Finding, Limits, judge
from umbel_core.catalogue import read_ops

_DISK = 2_000_000_000
"""Packages, Node, layers and a build, with room to spare."""


class AwsAccount:
    """The account behind the caller's credentials."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def limits(self) -> Limits:
        """Lambda's account settings."""
        settings = self._cloud.client("lambda").get_account_settings()["AccountLimit"]
        return Limits(total=settings["ConcurrentExecutions"], unreserved=settings["UnreservedConcurrentExecutions"])

    def reserved_by_us(self) -> int:
        """The sum over the deployed stack's functions; 0 when there is none."""
        if stack.outputs(self._cloud) is None:
            return 0
        functions = self._cloud.client("lambda")
        names = self._cloud.resources(stack.STACK, "AWS::Lambda::Function")
        settings = (functions.get_function_concurrency(FunctionName=name) for name in names)
        return sum(each.get("ReservedConcurrentExecutions", 0) for each in settings)


def machine() -> Iterator[Finding]:
    """What this machine has."""
    yield Finding(subject="python", good=True, sentence=sys.version.split()[0])
    for name, program in (("node", toolchain.NODE / "node"), ("cdk", toolchain.VENV / "bin" / "cdk")):
        version = _version(str(program))
        yield _finding(name, bool(version), version, "is not installed", "make setup")
    version = _version(toolchain.uv() or "uv")
    yield _finding("uv", bool(version), version, "is not installed", "make setup")
    free = shutil.disk_usage(ROOT).free
    sentence = f"{free / 1e9:.1f} GB free"
    yield _finding("disk", free >= _DISK, sentence, f"{sentence}; a set-up takes up to {_DISK / 1e9:.0f}", "make room")


def local() -> Iterator[Finding]:
    """Whether `make up` can do its work."""
    ours = engine.running()
    if ours:
        good = engine.healthy(ours.endpoint)
        yield _finding("engine", good, f"runs at {ours.endpoint}", f"hangs at {ours.endpoint}", "make down ARGS=--now")
        return
    try:
        engine.refuse_taken(engine.PORT)
    except Fault as fault:
        yield Finding(subject="port", good=False, sentence=str(fault))
    else:
        yield Finding(subject="port", good=True, sentence=f"{engine.PORT} is free for the local engine")


def account(cloud: Cloud, context: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether a deployment to this account would go through."""
    try:
        who = cloud.client("sts").get_caller_identity()
        yield Finding(subject="credentials", good=True, sentence=f"{who['Arn']} in {cloud.region}")
        yield judge(AwsAccount(cloud), numbers(context), reserve=bool(context.get("reserve", True)))
        yield _bootstrap(cloud, who["Account"])
    except (BotoCoreError, ClientError) as fault:
        yield Finding(
            subject="credentials", good=False, sentence=str(fault), advice=["aws configure, or set AWS_PROFILE"]
        )


def numbers(context: Mapping[str, Any]) -> dict[str, int]:
    """Op -> its concurrency: the declared one, or the context's."""
    overrides: dict[str, int] = context.get("concurrency") or {}
    cards = read_ops(ROOT / "functions" / "ops")
    return {name: overrides.get(name, card.compute.concurrency) for name, card in cards.items()}


def context(overrides: tuple[str, ...]) -> dict[str, Any]:
    """The context of `cdk.json` with what `-c key=value` says on top, as the CDK would see it."""
    settled: dict[str, Any] = msgspec.json.decode((ROOT / "cdk.json").read_bytes()).get("context", {})
    for override in overrides:
        name, _, value = override.partition("=")
        try:
            settled[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            settled[name] = value
    return settled


def _bootstrap(cloud: Cloud, account_id: str) -> Finding:
    well, badly = "the CDK is bootstrapped here", "the CDK has not been bootstrapped here"
    there = cloud.outputs("CDKToolkit") is not None
    return _finding("bootstrap", there, well, badly, f"cdk bootstrap aws://{account_id}/{cloud.region}")


def _finding(subject: str, good: bool, well: str, badly: str, advice: str) -> Finding:
    return Finding(subject=subject, good=good, sentence=well if good else badly, advice=[] if good else [advice])


def _version(program: str) -> str:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
