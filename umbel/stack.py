"""The deployed stack, as those who use it see it: addresses, buckets, tables."""

import os

import click
import msgspec

from umbel import engine, target
from umbel.aws import Cloud
from umbel.errors import NotRunningError, UmbelError
from umbel.home import RUN
from umbel.snapshots import MEMORY

STACK = "umbel"
_MEMORY = RUN / MEMORY
"""Gone with `down`; a snapshot has the one that belongs to it."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What `up` remembers: of what the stack was made, its outputs, a token. Readable by its user alone."""

    fingerprint: str
    outputs: dict[str, str]
    token: str
    endpoint: str = ""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One deployed Umbel: the contract's `umbel status --json`. `endpoint` is None on AWS."""

    endpoint: str | None
    region: str
    api: str
    socket: str
    web: str
    uploads_bucket: str
    results_bucket: str
    table: str
    tokens_table: str
    token: str | None

    @property
    def cloud(self) -> Cloud:
        """Where its APIs answer."""
        return Cloud(self.endpoint)

    @property
    def page_url(self) -> str:
        """The web address that lets its reader in: the token is in the fragment, which browsers never send."""
        return f"{self.web}#token={self.token}" if self.token else self.web


def find(cloud: Cloud | None = None, *, changing: bool = False) -> Deployment:
    """Return the stack that this command means, or raise a fault that says why there is none.

    With `changing`, a command that changes something on AWS says the account and the region first.
    """
    cloud = cloud or target.here()
    ours, memory = engine.running(), kept()
    if cloud.endpoint is None and changing:
        click.echo(f"AWS account {cloud.account} in {cloud.region}", err=True)
    if cloud.endpoint and not engine.answers(cloud.endpoint):
        if ours and ours.endpoint == cloud.endpoint:
            raise NotRunningError
        raise UmbelError(f"nothing answers as a local engine at {cloud.endpoint}, which {target.named_by(cloud)} names")
    # Our own engine's stack changes by `up` alone, which remembers it: asking takes longer than most commands do.
    remembered = memory.outputs if memory and ours and ours.endpoint == cloud.endpoint else None
    found = remembered or outputs(cloud)
    if found is None:
        where = cloud.endpoint or f"this AWS account in {cloud.region}"
        raise UmbelError(f"Umbel is not deployed at {where}: {'make up' if cloud.endpoint else 'make deploy'}")
    return deployment(cloud, found)


def outputs(cloud: Cloud) -> dict[str, str] | None:
    """The stack's outputs, or None when it is not there or never came up whole."""
    return cloud.outputs(STACK) or None


def deployment(cloud: Cloud, found: dict[str, str]) -> Deployment:
    """Read the outputs. A local endpoint serves under its own address what AWS serves under three domains."""
    addresses = {"api": found["ApiUrl"], "socket": found["SocketUrl"], "web": found["WebUrl"]}
    if cloud.endpoint:
        gateway = f"{cloud.endpoint}/_aws/execute-api"
        addresses = {
            "api": f"{gateway}/{found['ApiId']}/{found['ApiStage']}",
            "socket": f"{gateway}/{found['SocketApiId']}/{found['SocketStage']}".replace("http", "ws", 1),
            "web": f"{public(cloud)}/{found['WebBucket']}/index.html",
        }
    memory = kept()
    # One endpoint's token is nobody else's business.
    remembered = memory if memory and cloud.endpoint == memory.endpoint else None
    return Deployment(
        endpoint=cloud.endpoint,
        region=cloud.region,
        **{name: address.rstrip("/") for name, address in addresses.items()},
        uploads_bucket=found["UploadsBucket"],
        results_bucket=found["ResultsBucket"],
        table=found["LedgerTable"],
        tokens_table=found["TokensTable"],
        token=os.environ.get("UMBEL_TOKEN") or (remembered.token if remembered else None),
    )


def public(cloud: Cloud) -> str | None:
    """Where browsers reach a local endpoint; another address than its own when our engine was told so."""
    ours = engine.running()
    return ours.public if ours and ours.endpoint == cloud.endpoint else cloud.endpoint


def kept() -> Kept | None:
    """What `up` remembers, if it ran."""
    try:
        return msgspec.json.decode(_MEMORY.read_bytes(), type=Kept)
    except (FileNotFoundError, msgspec.DecodeError):
        # Also when another version wrote it.
        return None


def keep(memory: Kept) -> None:
    """Remember a deployment."""
    _MEMORY.parent.mkdir(parents=True, exist_ok=True)
    _MEMORY.touch(mode=0o600)
    _MEMORY.write_bytes(msgspec.json.encode(memory))
