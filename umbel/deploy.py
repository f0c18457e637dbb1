"""Deploy the stack to a local endpoint: `cdk bootstrap`, the web app, `cdk deploy`, a token."""

import hashlib
import re
import socket
from collections.abc import Mapping

from umbel import engine, environment, foreign_engine, progress, restore, stack, stack_name, tokens, toolchain, waiting
from umbel.aws import AwsTarget
from umbel.environment import REGION
from umbel.errors import UmbelError
from umbel.paths import HOME, LOGS, ROOT, SCRATCH

ACCOUNT = "000000000000"
_OWNER = "umbel:checkout"
"""The tag of the stack that names the checkout that deployed it."""
_SYNTH_TIMEOUT = 900.0
_DEPLOY_TIMEOUT = 600.0
"""Seconds without output and without CPU use after which the CDK is stopped.

Building the functions downloads packages, and one resource may take long on a busy machine. Without a limit,
CloudFormation would wait an hour for a custom resource that does not respond.
"""
_SOURCES = (
    "infra",
    "functions",
    "layers",
    "frontend",
    "docs/openapi.json",
    "docs/asyncapi.json",
    "cdk.json",
    "assets",
    "recipes.toml",
    "uv.lock",
    "package-lock.json",
)


def local(aws: AwsTarget, *, force: bool = False, drop_waiting: bool = False, **context: object) -> stack.Deployment:
    """Deploy the stack to a local endpoint, unless it is up to date with the sources; return the deployment.

    `context` overrides the context in cdk.json. Raise an error for a stack of another checkout, unless `force` is set,
    and when messages wait in a lane that would be deleted, unless `drop_waiting` is set.
    """
    if not force:
        _refuse_foreign(aws)
    context = {**_engine_context(aws), **context}
    current = _fingerprint(aws, context)
    state = stack.load_state()
    found = stack.outputs(aws) if state and state.fingerprint == current else None
    if found is None:
        if not drop_waiting:
            ops = ROOT / str(context.get("ops", "functions/ops"))
            waiting.refuse(waiting.found(aws, ops, "local", context))
        found = _deploy(aws, context)
    deployment = stack.deployment(aws, found)
    secret = state.token if state and tokens.token_table(deployment).find(state.token) else None
    if secret is None:
        with progress.step("operator token"):
            secret, _ = tokens.create(deployment, "operator", "umbel up")
    stack.save_state(stack.SavedState(fingerprint=current, outputs=found, token=secret, endpoint=aws.endpoint or ""))
    restore.allow_saving()
    return stack.deployment(aws, found)


def _deploy(aws: AwsTarget, context: Mapping[str, object]) -> dict[str, str]:
    env = _environment(aws)
    if aws.outputs("CDKToolkit") is None:
        environment_name = f"aws://{ACCOUNT}/{REGION}"
        progress.run(
            "cdk bootstrap", _cdk("bootstrap", environment_name), log=LOGS / "bootstrap.log", env=env, cwd=HOME
        )
    toolchain.page()
    options = [part for key, value in {"target": "local", **context}.items() for part in ("-c", f"{key}={value}")]
    assembly = str(HOME / "cdk.out")
    synth = _cdk("synth", "--quiet", *options, "--output", assembly)
    progress.run("cdk synth", synth, log=LOGS / "synth.log", env=env, cwd=ROOT, patience=_SYNTH_TIMEOUT)
    # Deploy from the output of the synth, so that the two commands have separate time limits.
    quiet = ("--require-approval", "never", "--ci", "--progress", "events")
    # Until `up` has finished, the stack may be incomplete and must not be saved.
    restore.forbid_saving()
    command = _cdk("deploy", *quiet, "--tags", f"{_OWNER}={_owner()}", "--app", assembly)
    progress.run("cdk deploy", command, log=LOGS / "deploy.log", env=env, cwd=ROOT, patience=_DEPLOY_TIMEOUT)
    found = stack.outputs(aws)
    if found is None:
        raise UmbelError(
            f"cdk deploy succeeded, but there is no stack '{stack_name.chosen()}'; see the log {LOGS / 'deploy.log'}"
        )
    return found


def _refuse_foreign(aws: AwsTarget) -> None:
    """Raise an error when the stack was deployed from another checkout, unless this checkout's engine runs it."""
    ours = engine.running()
    if ours and ours.endpoint == aws.endpoint:
        return
    tags = aws.tags(stack_name.chosen())
    if tags is not None and tags.get(_OWNER) != _owner():
        owner = tags.get(_OWNER, "an unknown checkout")
        sentence = f"the stack '{stack_name.chosen()}' at {aws.endpoint} was deployed from {owner}"
        raise UmbelError(f"{sentence}: use another engine, or replace it with umbel up --force")


def _owner() -> str:
    """Return this machine and checkout, in the characters that AWS allows in a tag's value."""
    return re.sub(r"[^\w.:/@+-]", "-", f"{socket.gethostname()}:{ROOT}")[:256]


def _cdk(*arguments: str) -> list[str]:
    return [str(toolchain.VENV / "bin" / "cdk"), *arguments, "--no-notices", "--no-version-reporting"]


def _environment(aws: AwsTarget) -> dict[str, str]:
    assert aws.endpoint
    SCRATCH.mkdir(parents=True, exist_ok=True)
    return {
        **environment.for_local(aws.endpoint, toolchain.environment()),
        "AWS_ENDPOINT_URL_S3": foreign_engine.s3_endpoint(aws.endpoint),
        "TMPDIR": str(SCRATCH),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def _fingerprint(aws: AwsTarget, context: Mapping[str, object]) -> str:
    given = [ROOT / str(context[name]) for name in ("ops", "recipes") if name in context]
    sources = toolchain.digest([*(ROOT / name for name in _SOURCES), *given])
    settings = sorted(context.items())
    return hashlib.sha256(f"{sources} {aws.endpoint} {settings}".encode()).hexdigest()


def _engine_context(aws: AwsTarget) -> dict[str, str]:
    """Return what the engine decides of the CDK context: for ours, the URL for browsers when that is another one."""
    if stack.is_foreign(aws):
        return foreign_engine.context(aws.endpoint or "")
    public = stack.public(aws)
    return {"public_endpoint": public} if public and public != aws.endpoint else {}
