"""Choose the deployment that a command uses. The first of these that is there is the target:

1. `UMBEL_TARGET`: `local`, `aws` or the URL of a local endpoint; the options `--aws` and `--profile NAME` set it.
2. The local engine that this checkout runs.
3. The local endpoint that `AWS_ENDPOINT_URL` or `LOCALSTACK_HOST` names.

Without any of them a command fails with an error; it never uses the shell's AWS account unless asked.
"""

import os
from urllib.parse import urlsplit

from umbel import engine
from umbel.aws import AwsTarget
from umbel.errors import NotRunningError, UmbelError

VARIABLE = "UMBEL_TARGET"
_SERVICES = ("cloudformation", "dynamodb", "s3", "sts")
"""The AWS services that the command line calls."""
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


def resolve() -> AwsTarget:
    """Return the target of commands; raise an error that says what to do when there is none."""
    asked = requested()
    if asked == "aws":
        return _aws()
    if asked not in {None, "local"}:
        return AwsTarget(asked)
    if ours := engine.running():
        return AwsTarget(ours.endpoint)
    if asked is None and (named := engine.endpoint_from_environment()):
        return AwsTarget(named)
    raise NotRunningError


def requested() -> str | None:
    """Return the value of `UMBEL_TARGET`: `aws`, `local`, an endpoint's URL, or None when it is not set."""
    asked = os.environ.get(VARIABLE, "").strip().rstrip("/")
    if not asked:
        return None
    if asked.lower() in {"aws", "local"}:
        return asked.lower()
    if asked.startswith(("http://", "https://")):
        return asked
    raise UmbelError(f"{VARIABLE} is '{asked}'; it takes local, aws, or the URL of a local endpoint")


def endpoint_source(aws: AwsTarget) -> str:
    """Return the name of the variable that names a local endpoint, for a sentence about it."""
    if requested() == aws.endpoint:
        return VARIABLE
    return "AWS_ENDPOINT_URL" if os.environ.get("AWS_ENDPOINT_URL") else "LOCALSTACK_HOST"


def requested_port() -> int | None:
    """Return the port in `UMBEL_PORT`; None when it is not set."""
    given = os.environ.get("UMBEL_PORT", "").strip()
    if not given:
        return None
    if given.isdigit() and 0 < int(given) < 65536:
        return int(given)
    raise UmbelError(f"UMBEL_PORT is '{given}'; it takes a number from 1 to 65535")


def foreign_endpoints() -> dict[str, str]:
    """Return the variables that send AWS clients to a URL that is not AWS's, such as that of MinIO or R2."""
    named = {name: url for name, url in os.environ.items() if name.startswith("AWS_ENDPOINT_URL") and url}
    return {name: url for name, url in named.items() if not _is_aws(url)}


def _aws() -> AwsTarget:
    for name, url in foreign_endpoints().items():
        raise UmbelError(f"{name} names {url}, which is not AWS: unset it, or do not ask for AWS")
    aws = AwsTarget()
    if not aws.has_credentials:
        raise UmbelError("there are no AWS credentials here: aws configure, or --profile NAME")
    # A profile may configure endpoints, too.
    for service, url in configured_endpoints(aws).items():
        raise UmbelError(f"the AWS configuration names {url} for {service}, which is not AWS: choose another profile")
    return aws


def configured_endpoints(aws: AwsTarget) -> dict[str, str]:
    """Return service -> URL, for the services whose requests would go to a URL that is not AWS's."""
    urls = {service: aws.client(service).meta.endpoint_url for service in _SERVICES}
    return {service: url for service, url in urls.items() if not _is_aws(url)}


def _is_aws(url: str) -> bool:
    return (urlsplit(url).hostname or "").endswith(_AWS_DOMAINS)
