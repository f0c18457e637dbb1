"""From sources to a running stack on a local endpoint: bootstrap, the page, `cdk deploy`, a token."""

import hashlib
from collections.abc import Mapping

from umbel import engine, stack, steps, tokens, toolchain
from umbel.aws import LOCAL, REGION, Cloud
from umbel.faults import Fault
from umbel.home import HOME, LOGS, ROOT

ACCOUNT = "000000000000"
_PATIENCE = 180.0
"""Seconds without a word from the CDK after which it is given up."""
_ELSEWHERE = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_REGION")
"""The caller's own AWS, which must not meddle with a local deployment."""
_SOURCES = ("infra", "functions", "layers", "frontend", "cdk.json", "recipes.toml", "uv.lock", "package-lock.json")


def local(cloud: Cloud, **context: object) -> stack.Site:
    """Bring the stack at a local endpoint up to date with the sources; do nothing when it is.

    `context` goes over that of cdk.json.
    """
    wanted = _fingerprint(cloud, context)
    memory = stack.kept()
    found = stack.outputs(cloud) if memory and memory.fingerprint == wanted else None
    if found is None:
        found = _deploy(cloud, context)
    site = stack.site(cloud, found)
    secret = memory.token if memory and tokens.of(site).find(memory.token) else None
    if secret is None:
        with steps.step("operator token"):
            secret, _ = tokens.create(site, "operator", "umbel up")
    stack.keep(stack.Kept(fingerprint=wanted, outputs=found, token=secret))
    return stack.site(cloud, found)


def _deploy(cloud: Cloud, context: Mapping[str, object]) -> dict[str, str]:
    env = _environment(cloud)
    if cloud.outputs("CDKToolkit") is None:
        where = f"aws://{ACCOUNT}/{REGION}"
        steps.run("cdk bootstrap", _cdk("bootstrap", where), log=LOGS / "bootstrap.log", env=env, cwd=HOME)
    toolchain.page()
    options = ["--require-approval", "never", "--ci", "--progress", "events"]
    context = {"target": "local", **_reached(cloud), **context}
    said = [part for key, value in context.items() for part in ("-c", f"{key}={value}")]
    command = _cdk("deploy", *options, *said, "--output", str(HOME / "cdk.out"))
    # A custom resource that never answers would keep CloudFormation waiting for an hour.
    steps.run("cdk deploy", command, log=LOGS / "deploy.log", env=env, cwd=ROOT, patience=_PATIENCE)
    found = stack.outputs(cloud)
    if found is None:
        raise Fault(f"cdk deploy ended well, yet there is no stack '{stack.STACK}'; its log is {LOGS / 'deploy.log'}")
    return found


def _cdk(*arguments: str) -> list[str]:
    return [str(toolchain.VENV / "bin" / "cdk"), *arguments, "--no-notices", "--no-version-reporting"]


def _environment(cloud: Cloud) -> dict[str, str]:
    assert cloud.endpoint
    engine.SCRATCH.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in toolchain.environment().items() if name not in _ELSEWHERE}
    return {
        **kept,
        **LOCAL,
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "TMPDIR": str(engine.SCRATCH),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def _fingerprint(cloud: Cloud, context: Mapping[str, object]) -> str:
    ops = [ROOT / str(context["ops"])] if "ops" in context else []
    sources = toolchain.digest([*(ROOT / name for name in _SOURCES), *ops])
    told = sorted({**_reached(cloud), **context}.items())
    return hashlib.sha256(f"{sources} {cloud.endpoint} {told}".encode()).hexdigest()


def _reached(cloud: Cloud) -> dict[str, str]:
    """Where browsers reach the endpoint, when that is another address than its own."""
    public = stack.public(cloud)
    return {"public_endpoint": public} if public and public != cloud.endpoint else {}
