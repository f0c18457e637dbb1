"""Create boto3 clients for a local endpoint or for AWS. No other module of this package imports boto3."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from umbel import environment
from umbel.environment import REGION

if TYPE_CHECKING:
    import boto3


class AwsTarget(msgspec.Struct, frozen=True):
    """The APIs that requests are sent to: those of a local endpoint, or (None) those of AWS.

    For AWS, requests are signed with the caller's own credentials.
    """

    endpoint: str | None = None

    @property
    def region(self) -> str:
        """The region that requests are sent to."""
        return REGION if self.endpoint else (self._session().region_name or REGION)

    @property
    def has_credentials(self) -> bool:
        """True when boto3 finds credentials to sign requests with."""
        return self._session().get_credentials() is not None

    @property
    def account(self) -> str:
        """The id of the account that the credentials belong to."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def client(self, service: str, url: str | None = None) -> Any:
        """Return a client of one service; `url` is for services that have a URL for each resource."""
        return self._session().client(service, endpoint_url=url or self.endpoint, region_name=self.region)  # type: ignore[call-overload]

    def resources(self, stack: str, kind: str) -> Iterator[str]:
        """Yield the physical ids of the resources of one CloudFormation type in a stack and its nested stacks."""
        for page in self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack):
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceStatus"] == "DELETE_COMPLETE":
                    continue
                if resource["ResourceType"] == kind:
                    yield resource["PhysicalResourceId"]
                elif resource["ResourceType"] == "AWS::CloudFormation::Stack":
                    yield from self.resources(resource["PhysicalResourceId"], kind)

    def outputs(self, stack: str) -> dict[str, str] | None:
        """Return a stack's outputs, or None when there is no such stack."""
        description = self._describe(stack)
        return description and {each["OutputKey"]: each["OutputValue"] for each in description.get("Outputs", [])}

    def tags(self, stack: str) -> dict[str, str] | None:
        """Return a stack's tags, or None when there is no such stack."""
        description = self._describe(stack)
        return description and {tag["Key"]: tag["Value"] for tag in description.get("Tags", [])}

    def _describe(self, stack: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to import, see _session

        try:
            stacks: list[dict[str, Any]] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        return stacks[0] if stacks else None

    def _session(self) -> "boto3.Session":
        import boto3  # noqa: PLC0415 - the import takes half a second, and most commands do not need it

        if self.endpoint:
            environment.become_local(self.endpoint)
        return boto3.Session()
