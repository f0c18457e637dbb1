"""Clients of AWS's APIs, for a local endpoint and for AWS alike. The only module here that says boto3."""

from collections.abc import Iterator
from typing import Any

import boto3
import msgspec

REGION = "us-east-1"
LOCAL = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
"""What a local endpoint takes for credentials."""


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

    def client(self, service: str) -> Any:
        """A client of one service."""
        return self._session().client(service, endpoint_url=self.endpoint, region_name=self.region)  # type: ignore[call-overload]

    def resources(self, stack: str, kind: str) -> Iterator[str]:
        """Physical ids of a stack's resources of one CloudFormation type."""
        for page in self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack):
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] == kind and resource["ResourceStatus"] != "DELETE_COMPLETE":
                    yield resource["PhysicalResourceId"]

    def _session(self) -> boto3.Session:
        if self.endpoint:
            return boto3.Session("test", "test", region_name=REGION)
        return boto3.Session()
