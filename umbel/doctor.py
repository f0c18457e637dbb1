"""Check what a deployment needs of this machine and of the AWS account, before it starts."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from umbel import checks, engine, stack, stack_name, target, toolchain, waiting
from umbel.aws import AwsTarget
from umbel.checks import Finding
from umbel.errors import UmbelError
from umbel.paths import ROOT
from umbel.quota import AccountLimits, judge


class AwsAccount:
    """The AWS account that the caller's credentials belong to."""

    def __init__(self, aws: AwsTarget) -> None:
        self._cloud = aws

    def limits(self) -> AccountLimits:
        """Return Lambda's account settings."""
        settings = self._cloud.client("lambda").get_account_settings()["AccountLimit"]
        return AccountLimits(
            total=settings["ConcurrentExecutions"], unreserved=settings["UnreservedConcurrentExecutions"]
        )

    def reserved_by_us(self) -> int:
        """Return the reserved concurrency of the deployed stack's functions; 0 when no stack is deployed."""
        if stack.outputs(self._cloud) is None:
            return 0
        functions = self._cloud.client("lambda")
        names = self._cloud.resources(stack_name.chosen(), "AWS::Lambda::Function")
        settings = (functions.get_function_concurrency(FunctionName=name) for name in names)
        return sum(each.get("ReservedConcurrentExecutions", 0) for each in settings)


def machine() -> Iterator[Finding]:
    """Check this machine and the programs that set-up installs."""
    yield from checks.before_setup()
    for name, program in (("node", toolchain.NODE / "node"), ("cdk", toolchain.VENV / "bin" / "cdk")):
        version = checks.program_version(program)
        yield _finding(name, bool(version), version, "is not installed, or does not run", "make setup")
    version = checks.program_version(toolchain.uv() or "uv")
    yield _finding("uv", bool(version), version, "is not installed, or does not run", "make setup")


def local() -> Iterator[Finding]:
    """Check whether `make up` can run: the local engine, its port, and the endpoint that the shell names."""
    asked = target.requested()
    named = asked if asked not in {None, "local", "aws"} else engine.endpoint_from_environment()
    ours = engine.running()
    if ours:
        good = engine.is_healthy(ours.endpoint)
        badly = f"runs at {ours.endpoint} and does not answer"
        yield _finding("engine", good, f"runs at {ours.endpoint}", badly, "make down ARGS=--now")
    elif named and asked != "local":
        well, badly = f"{named} answers: make up deploys there", f"{named} is named, and no local engine answers there"
        variable = target.endpoint_source(AwsTarget(named))
        advice = f"unset {variable}, or {target.VARIABLE}=local"
        yield _finding("endpoint", engine.is_healthy(named), well, badly, advice)
    else:
        port = target.requested_port() or engine.PORT
        try:
            engine.require_free_port(port)
        except UmbelError as error:
            yield Finding("port", False, str(error))
        else:
            yield Finding("port", True, f"{port} is free for the local engine")


def account(aws: AwsTarget, context: Mapping[str, Any]) -> Iterator[Finding]:
    """Check whether a deployment to this account would succeed."""
    for name, url in target.foreign_endpoints().items():
        yield Finding("endpoint", False, f"{name} names {url}, which is not AWS", [f"unset {name}"])
        return
    try:
        for service, url in target.configured_endpoints(aws).items():
            sentence = f"requests to {service} go to {url}, which is not AWS"
            yield Finding("endpoint", False, sentence, ["choose another profile"])
            return
        identity = aws.client("sts").get_caller_identity()
        yield Finding(subject="credentials", good=True, sentence=f"{identity['Arn']} in {aws.region}")
        yield judge(AwsAccount(aws), concurrency_by_op(context), reserve=bool(context.get("reserve", True)))
        yield _bootstrap(aws, identity["Account"])
        ops = ROOT / str(context.get("ops", "functions/ops"))
        lost = waiting.found(aws, ops, "aws", context)
        yield waiting.finding(lost, allowed=bool(context.get("drop_waiting")))
    except (BotoCoreError, ClientError) as error:
        yield Finding(
            subject="credentials", good=False, sentence=str(error), advice=["aws configure, or set AWS_PROFILE"]
        )


def concurrency_by_op(context: Mapping[str, Any]) -> dict[str, int]:
    """Return lane -> its concurrency: the context's value, else the declared one."""
    overrides: dict[str, int] = context.get("concurrency") or {}
    lanes = waiting.lanes(ROOT / "functions" / "ops", "aws", context)
    return {name: overrides.get(name, compute.concurrency) for name, compute in lanes.items()}


def context(overrides: tuple[str, ...]) -> dict[str, Any]:
    """Return the context as the CDK sees it: that of `cdk.json`, changed by the options `-c key=value`."""
    values: dict[str, Any] = msgspec.json.decode((ROOT / "cdk.json").read_bytes()).get("context", {})
    for override in overrides:
        name, _, value = override.partition("=")
        try:
            values[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            values[name] = value
    return values


def _bootstrap(aws: AwsTarget, account_id: str) -> Finding:
    well, badly = "the CDK is bootstrapped in this account", "the CDK is not bootstrapped in this account"
    good = aws.outputs("CDKToolkit") is not None
    return _finding("bootstrap", good, well, badly, f"cdk bootstrap aws://{account_id}/{aws.region}")


def _finding(subject: str, good: bool, well: str, badly: str, advice: str) -> Finding:
    return Finding(subject=subject, good=good, sentence=well if good else badly, advice=[] if good else [advice])
