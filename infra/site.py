"""The web app: built here, published by the deployment itself on every target, behind CloudFront on AWS."""

import hashlib
import subprocess
from pathlib import Path

from aws_cdk import CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as cloudfront_origins
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from api.uploads import TAKEN
from infra.api import STAGE, Api
from infra.bundle import ROOT
from infra.function import Workshop
from infra.ledger import Ledger
from infra.relay import Relay
from publisher.environment import PublisherEnvironment
from umbel_core.recipes import Recipes
from umbel_core.settings import Limits

SOURCES = ROOT / "frontend"


class Site(Construct):
    """A private bucket and the distribution in front of it. Its files come last, when what they call is there."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Site")
        self.bucket = s3.Bucket(
            self,
            "Web",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )
        headers = cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
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
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_root_object="index.html",
            default_behavior=cloudfront.BehaviorOptions(
                origin=cloudfront_origins.S3BucketOrigin.with_origin_access_control(self.bucket),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                response_headers_policy=headers,
                compress=True,
            ),
        )

    def publish(
        self,
        workshop: Workshop,
        api: Api,
        relay: Relay,
        ledger: Ledger,
        recipes: Recipes,
        limits: Limits,
        ops: list[str],
    ) -> None:
        """Have the deployment put the built page into the bucket, told where the API and the sockets are."""
        local = workshop.target.endpoint is not None
        config = {
            "api": f"/_aws/execute-api/{api.rest.rest_api_id}/{STAGE}" if local else api.rest.url,
            "socket": f"/_aws/execute-api/{relay.api.api_id}/{relay.stage.stage_name}" if local else relay.stage.url,
            "uploads_bucket": ledger.uploads.bucket_name,
            "recipes": {name: list(variants) for name, variants in recipes.items()},
            "max_upload_bytes": limits.max_upload_bytes,
            "formats": list(TAKEN),
        }
        archive = assets.Asset(self, "Files", path=str(built()))
        function = workshop.function(
            self,
            "publisher",
            environment=PublisherEnvironment(
                ledger_table=ledger.table.table_name, retention_days=limits.retention_days
            ),
            timeout_seconds=120,
        )
        ledger.table.grant(function, "dynamodb:PutItem")
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
                "ops": ops,
                "config": Stack.of(self).to_json_string(config),
            },
        ).node.add_dependency(self.bucket.policy or self.bucket)


def built() -> Path:
    """The web app's folder, built anew when its sources changed."""
    made = SOURCES / "dist"
    stamp = ROOT / ".build" / "frontend"
    seen = hashlib.sha256()
    for file in sorted([*(SOURCES / "src").rglob("*"), *(SOURCES / "public").rglob("*"), *SOURCES.glob("*.*")]):
        if file.is_file():
            seen.update(str(file.relative_to(SOURCES)).encode() + b"\0" + file.read_bytes())
    if not (made / "index.html").exists() or not stamp.exists() or stamp.read_text() != seen.hexdigest():
        done = subprocess.run(
            ["npm", "run", "--silent", "build", "-w", "frontend"],  # noqa: S607 - the project's own npm is first on the path
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SiteError(f"the web app does not build (npm run build -w frontend):\n{done.stdout}{done.stderr}")
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(seen.hexdigest())
    return made


class SiteError(Exception):
    """The web app could not be built."""
