"""HTTP -> S3, ledger: the REST API, built from the routes of the Chalice app."""

from typing import cast

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_apigateway as gateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from api.app import routes
from api.environment import ApiEnvironment
from api.idempotency import HEADER
from infra.alarms import alarm
from infra.function import FunctionFactory
from infra.intake import IntakeConstruct
from infra.lane_names import grant_read_lanes, lane_functions, lane_name, lane_queues
from infra.ledger import LedgerConstruct
from umbel_core.ids import JOBS_PREFIX, UPLOADS_PREFIX
from umbel_core.settings import Limits

STAGE = "v1"
TOKEN_CACHE_SECONDS = 5
"""How long a revoked token can still be used."""
_ERROR = '{"error":{"code":"%s","message":"%s"}}'
_REFUSALS = {
    "UNAUTHORIZED": (
        "unauthorized",
        "Send a token: Authorization: Bearer <token>. `umbel token create` makes one.",
    ),
    "ACCESS_DENIED": ("forbidden", "This token may read; it takes an operator's token to change something."),
    "AUTHORIZER_FAILURE": ("internal_error", "The token could not be checked; try again."),
    "MISSING_AUTHENTICATION_TOKEN": ("not_found", "There is no such route; docs/api.md lists the routes."),
    "REQUEST_TOO_LARGE": ("too_large", "A request carries at most 6 MB; POST /uploads takes larger pictures."),
    "DEFAULT_4XX": ("bad_request", "The request was refused before the API read it."),
    "DEFAULT_5XX": ("internal_error", "Something failed on our side; try again."),
    "THROTTLED": ("throttled", "Too many requests; try again in a moment."),
}


class ApiConstruct(Construct):
    """The REST API, its function, and the authorizer on every route that needs a token."""

    def __init__(
        self,
        scope: Construct,
        factory: FunctionFactory,
        intake: IntakeConstruct,
        ledger: LedgerConstruct,
        authorizer: lambda_.IFunction,
        limits: Limits,
        alarms: sns.ITopic,
        *,
        reserve: bool,
        fair: bool,
        origins: list[str],
    ) -> None:
        super().__init__(scope, "Api")
        prefix = lane_name(factory.prefix, "")
        self.function = factory.function(
            self,
            "api",
            environment=ApiEnvironment(
                uploads_bucket=ledger.uploads.bucket_name,
                results_bucket=ledger.results.bucket_name,
                ledger_table=ledger.table.table_name,
                intake_queue_url=intake.queue.queue.queue_url,
                lane_prefix=prefix,
                reserve=reserve,
                fair=fair,
                allowed_origins=",".join(origins),
                limits=limits,
                links_endpoint=factory.target.public_endpoint,
            ),
            with_catalogue=True,
            layers=("core", "http"),
            handler="api.app.app",
            memory_mb=1024,
            timeout_seconds=29,
        )
        self.rest = gateway.RestApi(
            self,
            "Rest",
            rest_api_name=f"{factory.prefix}-api",
            deploy_options=gateway.StageOptions(
                stage_name=STAGE,
                throttling_rate_limit=200,
                throttling_burst_limit=400,
                # Anybody may call these, and /health asks Lambda's control plane.
                method_options={
                    f"{route.path}/{route.method}": gateway.MethodDeploymentOptions(
                        throttling_rate_limit=10, throttling_burst_limit=20
                    )
                    for route in routes.all
                    if route.is_open
                },
            ),
            endpoint_types=[gateway.EndpointType.REGIONAL],
            cloud_watch_role=False,
            # Whatever a client accepts: `?redirect=0` answers with a file's bytes.
            binary_media_types=["*/*"],
            default_cors_preflight_options=gateway.CorsOptions(
                allow_origins=origins,
                allow_methods=["GET", "POST", "PUT", "DELETE"],
                allow_headers=["Authorization", "Content-Type", HEADER],
                max_age=Duration.hours(1),
            ),
        )
        guard = gateway.RequestAuthorizer(
            self,
            "Guard",
            handler=authorizer,
            identity_sources=[gateway.IdentitySource.header("Authorization")],
            results_cache_ttl=Duration.seconds(TOKEN_CACHE_SECONDS),
        )
        alarm(self, "FailsAlarm", "The API answered with a status 5xx", self.rest.metric_server_error(), alarms)
        integration = gateway.LambdaIntegration(
            self.function, allow_test_invoke=False, scope_permission_to_method=False
        )
        for route in routes.all:
            resource = self.rest.root.resource_for_path(route.path)
            resource.add_method(route.method, integration, authorizer=None if route.is_open else guard)
        self._keep_preflight_text()
        for kind, (code, message) in _REFUSALS.items():
            self.rest.add_gateway_response(
                kind,
                type=gateway.ResponseType.of(kind),
                # By default API Gateway answers 403 for a path without a route.
                status_code="404" if code == "not_found" else None,
                response_headers={"Access-Control-Allow-Origin": f"'{origins[0]}'"},
                templates={"application/json": _ERROR % (code, message)},
            )
        actions = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
        ledger.table.grant(self.function, *(f"dynamodb:{action}" for action in actions))
        for key_prefix in (UPLOADS_PREFIX, JOBS_PREFIX):
            ledger.uploads.grant_put(self.function, f"{key_prefix}*")
        ledger.uploads.grant_read(self.function, f"{JOBS_PREFIX}*")
        ledger.results.grant_read(self.function)
        intake.queue.queue.grant_send_messages(self.function)
        grant_read_lanes(self.function, prefix)
        self._grant_tuning(prefix)

    def _keep_preflight_text(self) -> None:
        """Convert the bodies of preflight requests to text: their mock integration fails on a binary one."""
        for method in self.rest.methods:
            if method.http_method == "OPTIONS":
                resource = cast("gateway.CfnMethod", method.node.default_child)
                resource.add_property_override("Integration.ContentHandling", "CONVERT_TO_TEXT")

    def _grant_tuning(self, prefix: str) -> None:
        stack = Stack.of(self)
        lanes = lane_functions(stack, prefix)
        mappings = stack.format_arn(
            service="lambda",
            resource="event-source-mapping",
            resource_name="*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        for statement in (
            iam.PolicyStatement(actions=["lambda:PutFunctionConcurrency"], resources=[lanes]),
            iam.PolicyStatement(
                actions=["lambda:UpdateEventSourceMapping"],
                resources=[mappings],
                conditions={"ArnLike": {"lambda:FunctionArn": lanes}},
            ),
            iam.PolicyStatement(actions=["sqs:SetQueueAttributes"], resources=[lane_queues(stack, prefix)]),
        ):
            self.function.add_to_role_policy(statement)
