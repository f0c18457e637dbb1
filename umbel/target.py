"""Which deployment a command means: the local one of this checkout, or AWS where that is asked for. Never a guess.

1. `UMBEL_TARGET`: `local`, `aws` or the URL of a local endpoint; the options `--aws` and `--profile NAME` set it.
2. The local engine that this checkout runs.
3. The local endpoint that `AWS_ENDPOINT_URL` or `LOCALSTACK_HOST` names.

Where none of them leads anywhere, a command says so; the AWS account of the shell is never taken instead.
"""

import os
from urllib.parse import urlsplit

from umbel import engine
from umbel.aws import Cloud
from umbel.errors import NotRunningError, UmbelError

VARIABLE = "UMBEL_TARGET"
_SERVICES = ("cloudformation", "dynamodb", "s3", "sts")
"""What the command line asks of AWS."""
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


def here() -> Cloud:
    """Return the cloud that commands mean; raise a fault that says what to do when there is none."""
    asked = wanted()
    if asked == "aws":
        return _aws()
    if asked not in {None, "local"}:
        return Cloud(asked)
    if ours := engine.running():
        return Cloud(ours.endpoint)
    if asked is None and (named := engine.named_endpoint()):
        return Cloud(named)
    raise NotRunningError


def wanted() -> str | None:
    """Return what `UMBEL_TARGET` asks for: `aws`, `local`, an endpoint's URL, or None when it is not set."""
    asked = os.environ.get(VARIABLE, "").strip().rstrip("/")
    if not asked:
        return None
    if asked.lower() in {"aws", "local"}:
        return asked.lower()
    if asked.startswith(("http://", "https://")):
        return asked
    raise UmbelError(f"{VARIABLE} is '{asked}'; it takes local, aws, or the URL of a local endpoint")


def named_by(cloud: Cloud) -> str:
    """Say who named a local endpoint, for a sentence about it."""
    if wanted() == cloud.endpoint:
        return VARIABLE
    return "AWS_ENDPOINT_URL" if os.environ.get("AWS_ENDPOINT_URL") else "LOCALSTACK_HOST"


def port() -> int | None:
    """Return the port that `UMBEL_PORT` asks for; None when it asks for none."""
    given = os.environ.get("UMBEL_PORT", "").strip()
    if not given:
        return None
    if given.isdigit() and 0 < int(given) < 65536:
        return int(given)
    raise UmbelError(f"UMBEL_PORT is '{given}'; it takes a number from 1 to 65535")


def foreign_endpoints() -> dict[str, str]:
    """Return the variables that send AWS's own clients to an address that is not AWS's: MinIO, R2, a local engine."""
    named = {name: url for name, url in os.environ.items() if name.startswith("AWS_ENDPOINT_URL") and url}
    return {name: url for name, url in named.items() if not _is_aws(url)}


def _aws() -> Cloud:
    for name, url in foreign_endpoints().items():
        raise UmbelError(f"{name} names {url}, which is not AWS: unset it, or do not ask for AWS")
    cloud = Cloud()
    if not cloud.has_credentials:
        raise UmbelError("there are no AWS credentials here: aws configure, or --profile NAME")
    # A profile may name endpoints, too.
    for service, url in configured_endpoints(cloud).items():
        raise UmbelError(f"the AWS configuration names {url} for {service}, which is not AWS: take another profile")
    return cloud


def configured_endpoints(cloud: Cloud) -> dict[str, str]:
    """Return the services whose requests would go to an address that is not AWS's, whatever the reason."""
    asked = {service: cloud.client(service).meta.endpoint_url for service in _SERVICES}
    return {service: url for service, url in asked.items() if not _is_aws(url)}


def _is_aws(url: str) -> bool:
    return (urlsplit(url).hostname or "").endswith(_AWS_DOMAINS)
