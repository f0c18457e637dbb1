"""op -> S3 + DynamoDB -> stream: the buckets for uploads and results, the tables for jobs, tokens and sockets."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.settings import Settings
from umbel_core.aws.keys import CREATION, JOB_INDEXES

_MESSAGE_DAYS = 14
"""No message waits longer in a queue, so no task needs an old version of its picture after that."""


class LedgerConstruct(Construct):
    """The buckets for uploads and results; the tables for jobs and tasks, tokens, and sockets."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Ledger")
        self._removal = RemovalPolicy.RETAIN if settings.keep_data else RemovalPolicy.DESTROY
        self._retention = Duration.days(settings.retention_days)
        # Versions: each of several uploads to one key is worked on as it was uploaded.
        self.uploads = self._bucket("Uploads", versioned=True)
        self.results = self._bucket("Results")
        self.table = self._table(
            "Table",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            time_to_live_attribute="expire_at",
        )
        for index in JOB_INDEXES:
            self.table.add_global_secondary_index(
                index_name=index.name,
                partition_key=_text(index.partition),
                sort_key=_text(CREATION),
                projection_type=dynamodb.ProjectionType.INCLUDE if index.copied else dynamodb.ProjectionType.KEYS_ONLY,
                non_key_attributes=list(index.copied) or None,
            )
        self.tokens = self._table("Tokens", partition_key=_text("token_hash"), time_to_live_attribute="expires_at")
        self.sockets = self._table("Sockets", partition_key=_text("pk"), time_to_live_attribute="expire_at")

    def let_browsers_post(self, origins: list[str]) -> None:
        """Allow pages of these origins to post pictures into the uploads bucket and to get results."""
        self.uploads.add_cors_rule(
            allowed_methods=[s3.HttpMethods.POST], allowed_origins=origins, allowed_headers=["*"]
        )
        self.results.add_cors_rule(allowed_methods=[s3.HttpMethods.GET], allowed_origins=origins)

    def _bucket(self, name: str, *, versioned: bool = False) -> s3.Bucket:
        # An expired object becomes an old version, and would be kept as long again.
        old = Duration.days(min(_MESSAGE_DAYS, self._retention.to_days()))
        return s3.Bucket(
            self,
            name,
            versioned=versioned,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=self._retention,
                    noncurrent_version_expiration=old if versioned else None,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                    enabled=True,
                )
            ],
            removal_policy=self._removal,
        )

    def _table(self, name: str, **options: object) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            name,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=self._removal,
            **options,  # type: ignore[arg-type]
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
