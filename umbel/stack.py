"""Find the deployed stack and read its outputs: URLs, buckets, tables, token."""

import os
from pathlib import Path

import click
import msgspec

from umbel import engine, foreign_engine, stack_name, target
from umbel.aws import AwsTarget
from umbel.errors import NotRunningError, UmbelError
from umbel.paths import RUN
from umbel.snapshots import DEPLOYMENT_STATE, DEPLOYMENT_STATES

STACK = stack_name.DEFAULT
"""The name of a stack for which no other is chosen."""


class SavedState(msgspec.Struct, frozen=True, kw_only=True):
    """What `up` saves about its deployment, in a file that only its owner can read.

    `fingerprint` is that of the deployed sources and settings.
    """

    fingerprint: str
    outputs: dict[str, str]
    token: str
    endpoint: str = ""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One deployed Umbel, as `umbel status --json` prints it. `endpoint` is None on AWS."""

    endpoint: str | None
    region: str
    api: str
    socket: str
    web: str
    uploads_bucket: str
    results_bucket: str
    table: str
    tokens_table: str
    sockets_table: str | None
    """None of a deployment by an earlier version, which does not know whose connections are open."""
    token: str | None

    @property
    def aws(self) -> AwsTarget:
        """The AWS APIs that it uses."""
        return AwsTarget(self.endpoint)

    @property
    def page_url(self) -> str:
        """The page's URL with the token, so that the page is logged in. Browsers never send a URL's fragment."""
        return f"{self.web}#token={self.token}" if self.token else self.web


def find(aws: AwsTarget | None = None, *, changing: bool = False) -> Deployment:
    """Return the deployment that the command's target has; raise an error that says why there is none.

    With `changing`, print the account and the region first when the target is AWS.
    """
    aws = aws or target.resolve()
    ours, state = engine.running(), load_state()
    if aws.endpoint is None and changing:
        click.echo(f"AWS account {aws.account} in {aws.region}", err=True)
    if aws.endpoint and not engine.is_answering(aws.endpoint):
        if ours and ours.endpoint == aws.endpoint:
            raise NotRunningError
        raise UmbelError(
            f"nothing answers as a local engine at {aws.endpoint}, which {target.endpoint_source(aws)} names"
        )
    # Only `up` changes our own engine's stack, and it saves the outputs. To ask the engine would take longer than
    # most commands do.
    saved = state.outputs if state and ours and ours.endpoint == aws.endpoint else None
    found = saved or outputs(aws)
    if found is None:
        where = aws.endpoint or f"this AWS account in {aws.region}"
        name = stack_name.chosen()
        what = "Umbel" if name == STACK else f"the stack '{name}'"
        command = f"{stack_name.shell_prefix()}{'make up' if aws.endpoint else 'make deploy'}"
        raise UmbelError(f"{what} is not deployed at {where}: {command}")
    return deployment(aws, found)


def outputs(aws: AwsTarget) -> dict[str, str] | None:
    """Return the stack's outputs; None when the stack is not deployed or its deployment failed."""
    return aws.outputs(stack_name.chosen()) or None


def deployment(aws: AwsTarget, found: dict[str, str]) -> Deployment:
    """Build the Deployment from the stack's outputs, and the token from UMBEL_TOKEN or from what `up` saved.

    AWS serves the API, the socket and the page at three domains, a local endpoint at paths of its own URL.
    """
    urls = {"api": found["ApiUrl"], "socket": found["SocketUrl"], "web": found["WebUrl"]}
    if aws.endpoint:
        urls = {
            "api": f"{aws.endpoint}/_aws/execute-api/{found['ApiId']}/{found['ApiStage']}",
            "socket": _socket_url(aws, found["SocketApiId"], found["SocketStage"]),
            "web": f"{public(aws)}/{found['WebBucket']}/index.html",
        }
    state = load_state()
    # A token must not be sent to another endpoint than its own.
    saved = state if state and aws.endpoint == state.endpoint else None
    return Deployment(
        endpoint=aws.endpoint,
        region=aws.region,
        **{name: url.rstrip("/") for name, url in urls.items()},
        uploads_bucket=found["UploadsBucket"],
        results_bucket=found["ResultsBucket"],
        table=found["LedgerTable"],
        tokens_table=found["TokensTable"],
        sockets_table=found.get("SocketsTable"),
        token=os.environ.get("UMBEL_TOKEN") or (saved.token if saved else None),
    )


def public(aws: AwsTarget) -> str | None:
    """Return the URL at which browsers reach a local endpoint: our engine's public URL, else the endpoint's own."""
    ours = engine.running()
    return ours.public if ours and ours.endpoint == aws.endpoint else aws.endpoint


def is_foreign(aws: AwsTarget) -> bool:
    """Return whether the target is a local engine that this checkout did not start."""
    ours = engine.running()
    return aws.endpoint is not None and not (ours and ours.endpoint == aws.endpoint)


def _socket_url(aws: AwsTarget, api_id: str, stage: str) -> str:
    """Return the URL of the WebSocket API at a local endpoint. Only a foreign engine has to be asked for it."""
    assert aws.endpoint
    reported = ""
    if is_foreign(aws):
        reported = aws.client("apigatewayv2").get_api(ApiId=api_id)["ApiEndpoint"]
    return foreign_engine.socket_url(aws.endpoint, reported, api_id, stage)


def names() -> list[str]:
    """Return the names of all stacks that `up` deployed to our engine, and the chosen one, which may not be there."""
    stems = [file.stem for file in RUN.glob(DEPLOYMENT_STATES)]
    deployed = {stem.removeprefix("state-") if "-" in stem else STACK for stem in stems}
    return sorted(deployed | {stack_name.chosen()})


def load_state() -> SavedState | None:
    """Return what `up` saved; None when it did not run."""
    try:
        return msgspec.json.decode(_state_file().read_bytes(), type=SavedState)
    except (FileNotFoundError, msgspec.DecodeError):
        # The file may be of another version.
        return None


def save_state(state: SavedState) -> None:
    """Save what `load_state` returns."""
    file = _state_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(msgspec.json.encode(state))


def _state_file() -> Path:
    """Return the file of the chosen stack. It is deleted by `down`; a snapshot has a copy."""
    name = stack_name.chosen()
    return RUN / (DEPLOYMENT_STATE if name == STACK else f"state-{name}.json")
