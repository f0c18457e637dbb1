"""From sources to a running stack on a local endpoint: bootstrap, the page, `cdk deploy`, a token."""

import hashlib
import re
import socket
from collections.abc import Mapping

from umbel import engine, environment, progress, restore, stack, tokens, toolchain
from umbel.aws import AwsTarget
from umbel.environment import REGION
from umbel.errors import UmbelError
from umbel.paths import HOME, LOGS, ROOT, SCRATCH

ACCOUNT = "000000000000"
_OWNER = "umbel:checkout"
"""The stack's tag that names who deployed it."""
_SYNTH_PATIENCE = 900.0
_DEPLOY_PATIENCE = 600.0
"""Seconds without a word and without work after which the CDK is given up. Building the functions downloads packages;
one resource may take long on a busy machine, but a custom resource that never answers would keep CloudFormation waiting
for an hour."""
_SOURCES = (
    "infra",
    "functions",
    "layers",
    "frontend",
    "docs/openapi.json",
    "docs/asyncapi.json",
    "cdk.json",
    "recipes.toml",
    "uv.lock",
    "package-lock.json",
)


def local(aws: AwsTarget, *, force: bool = False, **context: object) -> stack.Deployment:
    """Bring the stack at a local endpoint up to date with the sources; do nothing when it is.

    `context` goes over that of cdk.json. A stack of another checkout's is refused, or taken over with `force`.
    """
    if not force:
        _refuse_foreign(aws)
    wanted = _fingerprint(aws, context)
    state = stack.load_state()
    found = stack.outputs(aws) if state and state.fingerprint == wanted else None
    if found is None:
        found = _deploy(aws, context)
    deployment = stack.deployment(aws, found)
    secret = state.token if state and tokens.token_table(deployment).find(state.token) else None
    if secret is None:
        with progress.step("operator token"):
            secret, _ = tokens.create(deployment, "operator", "umbel up")
    stack.save_state(stack.SavedState(fingerprint=wanted, outputs=found, token=secret, endpoint=aws.endpoint or ""))
    restore.allow_saving()
    return stack.deployment(aws, found)


def _deploy(aws: AwsTarget, context: Mapping[str, object]) -> dict[str, str]:
    env = _environment(aws)
    if aws.outputs("CDKToolkit") is None:
        where = f"aws://{ACCOUNT}/{REGION}"
        progress.run("cdk bootstrap", _cdk("bootstrap", where), log=LOGS / "bootstrap.log", env=env, cwd=HOME)
    toolchain.page()
    context = {"target": "local", **_reached(aws), **context}
    said = [part for key, value in context.items() for part in ("-c", f"{key}={value}")]
    made = str(HOME / "cdk.out")
    synth = _cdk("synth", "--quiet", *said, "--output", made)
    progress.run("cdk synth", synth, log=LOGS / "synth.log", env=env, cwd=ROOT, patience=_SYNTH_PATIENCE)
    # From the folder that synth made, so that each has a limit of its own.
    quiet = ("--require-approval", "never", "--ci", "--progress", "events")
    # From here on until `up` has ended well there may be half a stack.
    restore.forbid_saving()
    command = _cdk("deploy", *quiet, "--tags", f"{_OWNER}={_owner()}", "--app", made)
    progress.run("cdk deploy", command, log=LOGS / "deploy.log", env=env, cwd=ROOT, patience=_DEPLOY_PATIENCE)
    found = stack.outputs(aws)
    if found is None:
        raise UmbelError(
            f"cdk deploy ended well, yet there is no stack '{stack.STACK}'; its log is {LOGS / 'deploy.log'}"
        )
    return found


def _refuse_foreign(aws: AwsTarget) -> None:
    """Raise a fault when the stack at an endpoint that is not our own engine's was deployed from another checkout."""
    ours = engine.running()
    if ours and ours.endpoint == aws.endpoint:
        return
    tags = aws.tags(stack.STACK)
    if tags is not None and tags.get(_OWNER) != _owner():
        who = tags.get(_OWNER, "somewhere else: it names no checkout")
        sentence = f"the stack '{stack.STACK}' at {aws.endpoint} was deployed from {who}"
        raise UmbelError(f"{sentence}: use another engine, or replace it with umbel up --force")


def _owner() -> str:
    """Return this machine and checkout, in the letters that AWS takes for a tag's value."""
    return re.sub(r"[^\w.:/@+-]", "-", f"{socket.gethostname()}:{ROOT}")[:256]


def _cdk(*arguments: str) -> list[str]:
    return [str(toolchain.VENV / "bin" / "cdk"), *arguments, "--no-notices", "--no-version-reporting"]


def _environment(aws: AwsTarget) -> dict[str, str]:
    assert aws.endpoint
    SCRATCH.mkdir(parents=True, exist_ok=True)
    return {
        **environment.for_local(aws.endpoint, toolchain.environment()),
        "TMPDIR": str(SCRATCH),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def _fingerprint(aws: AwsTarget, context: Mapping[str, object]) -> str:
    ops = [ROOT / str(context["ops"])] if "ops" in context else []
    sources = toolchain.digest([*(ROOT / name for name in _SOURCES), *ops])
    told = sorted({**_reached(aws), **context}.items())
    return hashlib.sha256(f"{sources} {aws.endpoint} {told}".encode()).hexdigest()


def _reached(aws: AwsTarget) -> dict[str, str]:
    """Where browsers reach the endpoint, when that is another address than its own."""
    public = stack.public(aws)
    return {"public_endpoint": public} if public and public != aws.endpoint else {}
