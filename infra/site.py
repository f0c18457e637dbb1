"""The web app: built here, published by the deployment itself on every target, behind CloudFront on AWS."""

import html
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from aws_cdk import CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as cloudfront_origins
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from infra.api import STAGE, ApiConstruct
from infra.bundle import ROOT, fingerprint, settle_modes
from infra.function import FunctionFactory
from infra.ledger import LedgerConstruct
from infra.relay import RelayConstruct
from publisher.environment import PublisherEnvironment
from umbel import toolchain
from umbel.errors import UmbelError
from umbel_core.aws.keys import JOB_INDEXES
from umbel_core.contract import PageConfig
from umbel_core.contract.limits import published
from umbel_core.input_types import upload_media_types
from umbel_core.recipes import Recipes
from umbel_core.settings import Limits

SOURCES = ROOT / "frontend"

_TABLE_ACTIONS = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan")
"""What the publisher does with the ledger's table."""


class SiteConstruct(Construct):
    """A private bucket and its distribution. The files are published last, when the API that they call exists."""

    def __init__(self, scope: Construct, prefix: str) -> None:
        super().__init__(scope, "Site")
        # CloudFront has no regions: a name must be unique in the whole account.
        self._prefix = f"{prefix}-{Stack.of(self).region}"
        self.bucket = s3.Bucket(
            self,
            "Web",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.files = built()
        origin = cloudfront_origins.S3BucketOrigin.with_origin_access_control(
            self.bucket,
            origin_access_control=cloudfront.S3OriginAccessControl(
                self, "OriginAccess", origin_access_control_name=f"{self._prefix}-page"
            ),
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_root_object="index.html",
            default_behavior=self._behavior(origin, "Headers", "index.html"),
            # The API reference has its own policy: Redoc adds style elements.
            additional_behaviors={"docs/*": self._behavior(origin, "DocsHeaders", "docs/index.html")},
        )

    def _behavior(self, origin: cloudfront.IOrigin, name: str, page: str) -> cloudfront.BehaviorOptions:
        """Return a behavior that sends security headers, among them the policy that the page has in its meta tag."""
        policy = f"{_content_policy(self.files / page)}; frame-ancestors 'none'"
        headers = cloudfront.ResponseHeadersPolicy(
            self,
            name,
            response_headers_policy_name=f"{self._prefix}-{name}",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=policy, override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(365), include_subdomains=True, override=True
                ),
            ),
        )
        return cloudfront.BehaviorOptions(
            origin=origin,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            response_headers_policy=headers,
            compress=True,
        )

    def publish(
        self,
        factory: FunctionFactory,
        api: ApiConstruct,
        relay: RelayConstruct,
        ledger: LedgerConstruct,
        recipes: Recipes,
        limits: Limits,
        lanes: Mapping[str, int],
    ) -> None:
        """Add the custom resource that copies the page and its configuration (URLs, limits) into the bucket."""
        local = factory.target.endpoint is not None
        config = PageConfig(
            api=f"/_aws/execute-api/{api.rest.rest_api_id}/{STAGE}" if local else api.rest.url,
            socket=relay.public_url(factory.target),
            uploads_bucket=ledger.uploads.bucket_name,
            recipes={name: list(variants) for name, variants in recipes.items()},
            formats=upload_media_types(),
            limits=published(limits),
        )
        archive = assets.Asset(self, "Files", path=str(self.files), asset_hash=fingerprint(self.files))
        function = factory.function(
            self,
            "publisher",
            environment=PublisherEnvironment(ledger_table=ledger.table.table_name, limits=limits),
            timeout_seconds=120,
        )
        ledger.table.grant(function, *(f"dynamodb:{action}" for action in _TABLE_ACTIONS))
        archive.grant_read(function)
        self.bucket.grant_read_write(function)
        self.bucket.grant_delete(function)
        CustomResource(
            self,
            "Published",
            resource_type="Custom::WebApp",
            service_token=function.function_arn,
            service_timeout=Duration.minutes(5),
            properties={
                "bucket": self.bucket.bucket_name,
                "archive_bucket": archive.s3_bucket_name,
                "archive_key": archive.s3_object_key,
                "ops": list(lanes),
                # A change of these runs the publisher again.
                "lanes": dict(lanes),
                "indexes": [index.name for index in JOB_INDEXES],
                "config": Stack.of(self).to_json_string(msgspec.to_builtins(config)),
            },
        ).node.add_dependency(self.bucket.policy or self.bucket)


def built() -> Path:
    """Build the web app if its sources changed, and return its folder."""
    made = SOURCES / "dist"
    try:
        toolchain.page()
    except UmbelError as error:
        raise SiteError(f"the web app does not build: {error}\n{error.detail}") from error
    settle_modes(made)
    return made


def _content_policy(page: Path) -> str:
    """Return the content security policy of a built page, from its meta tag."""
    found = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]*)"', page.read_text(encoding="utf-8"))
    if found is None:
        raise SiteError(f"{page} has no content security policy")
    return html.unescape(found[1])


class SiteError(Exception):
    """The web app could not be built."""
