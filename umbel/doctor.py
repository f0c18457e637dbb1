"""What a deployment needs of this machine and of the AWS account, looked at before it starts."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from umbel import checks, engine, stack, target, toolchain
from umbel.aws import Cloud
from umbel.checks import Finding
from umbel.errors import UmbelError
from umbel.home import ROOT
from umbel.quota import Limits, judge
from umbel_core.catalogue import read_ops


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
    """What this machine has, and what set-up has put beside it."""
    yield from checks.before_setup()
    for name, program in (("node", toolchain.NODE / "node"), ("cdk", toolchain.VENV / "bin" / "cdk")):
        version = checks.version(program)
        yield _finding(name, bool(version), version, "is not installed, or does not run", "make setup")
    version = checks.version(toolchain.uv() or "uv")
    yield _finding("uv", bool(version), version, "is not installed, or does not run", "make setup")


def local() -> Iterator[Finding]:
    """Whether `make up` can do its work: our engine, its port, and whatever else the shell names."""
    asked = target.wanted()
    named = asked if asked not in {None, "local", "aws"} else engine.named_endpoint()
    ours = engine.running()
    if ours:
        good = engine.healthy(ours.endpoint)
        yield _finding("engine", good, f"runs at {ours.endpoint}", f"hangs at {ours.endpoint}", "make down ARGS=--now")
    elif named and asked != "local":
        well, badly = f"{named} answers: make up deploys there", f"{named} is named, and no local engine answers there"
        who = target.named_by(Cloud(named))
        yield _finding("endpoint", engine.healthy(named), well, badly, f"unset {who}, or {target.VARIABLE}=local")
    else:
        port = target.port() or engine.PORT
        try:
            engine.refuse_taken(port)
        except UmbelError as error:
            yield Finding("port", False, str(error))
        else:
            yield Finding("port", True, f"{port} is free for the local engine")


def account(cloud: Cloud, context: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether a deployment to this account would go through."""
    for name, url in target.foreign_endpoints().items():
        yield Finding("endpoint", False, f"{name} names {url}, which is not AWS", [f"unset {name}"])
        return
    try:
        for service, url in target.configured_endpoints(cloud).items():
            yield Finding("endpoint", False, f"{service} is asked at {url}, which is not AWS", ["take another profile"])
            return
        who = cloud.client("sts").get_caller_identity()
        yield Finding(subject="credentials", good=True, sentence=f"{who['Arn']} in {cloud.region}")
        yield judge(AwsAccount(cloud), numbers(context), reserve=bool(context.get("reserve", True)))
        yield _bootstrap(cloud, who["Account"])
    except (BotoCoreError, ClientError) as error:
        yield Finding(
            subject="credentials", good=False, sentence=str(error), advice=["aws configure, or set AWS_PROFILE"]
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
