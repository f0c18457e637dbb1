"""Clients of AWS's APIs, for a local endpoint and for AWS alike. The only module here that says boto3."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from umbel import environment
from umbel.environment import REGION

if TYPE_CHECKING:
    import boto3


class Cloud(msgspec.Struct, frozen=True):
    """Where the APIs answer: at a local endpoint, or (None) at AWS with the caller's own credentials."""

    endpoint: str | None = None

    @property
    def region(self) -> str:
        """The region that clients speak to."""
        return REGION if self.endpoint else (self._session().region_name or REGION)

    @property
    def has_credentials(self) -> bool:
        """True when there is something to sign requests with."""
        return self._session().get_credentials() is not None

    @property
    def account(self) -> str:
        """The number of the account that the credentials belong to."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def client(self, service: str) -> Any:
        """A client of one service."""
        return self._session().client(service, endpoint_url=self.endpoint, region_name=self.region)  # type: ignore[call-overload]

    def resources(self, stack: str, kind: str) -> Iterator[str]:
        """Physical ids of a stack's resources of one CloudFormation type."""
        for page in self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack):
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] == kind and resource["ResourceStatus"] != "DELETE_COMPLETE":
                    yield resource["PhysicalResourceId"]

    def outputs(self, stack: str) -> dict[str, str] | None:
        """A stack's outputs, or None when there is no such stack."""
        found = self._described(stack)
        return found and {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def tags(self, stack: str) -> dict[str, str] | None:
        """A stack's tags, or None when there is no such stack."""
        found = self._described(stack)
        return found and {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}

    def _described(self, stack: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as below

        try:
            described: list[dict[str, Any]] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        return described[0] if described else None

    def _session(self) -> "boto3.Session":
        import boto3  # noqa: PLC0415 - half a second, which most commands can do without

        if self.endpoint:
            environment.become_local(self.endpoint)
        return boto3.Session()
