"""stream -> relay -> WebSocket: counts, pushes to few connections, and the function that handles subscriptions."""

from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarms import alarm
from infra.fanout import FanoutConstruct
from infra.function import FunctionFactory
from infra.intake import IntakeConstruct
from infra.ledger import LedgerConstruct
from infra.queue import dead_letter_queue
from infra.target import Target
from relay.environment import RelayEnvironment
from sockets.environment import SocketsEnvironment
from umbel_core.aws.keys import EVENT, JOB, TASK
from umbel_core.ids import JOBS_PREFIX
from umbel_core.settings import Limits

_STAGE = "live"
_TASK_CHANGED = {"eventName": ["MODIFY"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": TASK}]}}}}
_EVENT_TOLD = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": EVENT}]}}}}
_JOB_CHANGED = {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"Keys": {"sk": {"S": [JOB]}}}}


_MISSED_ID = "RelayMissed8C0EDDD4"


class RelayConstruct(Construct):
    """The WebSocket API, the sockets function, and the relay, which pushes the ledger's changes to subscribers."""

    def __init__(
        self,
        scope: Construct,
        factory: FunctionFactory,
        intake: IntakeConstruct,
        ledger: LedgerConstruct,
        authorizer: lambda_.IFunction,
        limits: Limits,
        alarms: sns.ITopic,
    ) -> None:
        super().__init__(scope, "Relay")
        sockets_scope = Construct(self, "Sockets")
        self.api = gateway.WebSocketApi(
            self, "Api", api_name=f"{factory.prefix}-live", route_selection_expression="$request.body.action"
        )
        self.stage = gateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=self.api,
            stage_name=_STAGE,
            auto_deploy=True,
            throttle=gateway.ThrottleSettings(rate_limit=200, burst_limit=400),
        )
        self.endpoint = self._endpoint(factory)
        self.sockets = factory.function(
            sockets_scope,
            "sockets",
            environment=SocketsEnvironment(
                ledger_table=ledger.table.table_name,
                sockets_table=ledger.sockets.table_name,
                socket_endpoint=self.endpoint,
                uploads_bucket=ledger.uploads.bucket_name,
                results_bucket=ledger.results.bucket_name,
                ticker_function=f"{factory.prefix}-ticker",
                limits=limits,
                links_endpoint=factory.target.public_endpoint,
            ),
            with_catalogue=True,
        )
        integration = integrations.WebSocketLambdaIntegration("Sockets", self.sockets)
        self.api.add_route(
            "$connect",
            integration=integration,
            authorizer=authorizers.WebSocketLambdaAuthorizer(
                "Authorizer", authorizer, identity_source=["route.request.querystring.token"]
            ),
        )
        for route in ("$disconnect", "$default"):
            self.api.add_route(route, integration=integration)
        missed = dead_letter_queue(
            Construct(self, "Missed"),
            f"{factory.prefix}-relay",
            alarms,
            description="The relay gave up on a batch",
            is_read=False,
        )
        # As when nothing else was in its construct: with another id, CloudFormation would make a queue of the same name
        # before it deletes this one.
        cast("sqs.CfnQueue", missed.node.default_child).override_logical_id(_MISSED_ID)
        fanout = FanoutConstruct(self, factory, ledger, self.endpoint, limits, alarms)
        self.function = relay = factory.function(
            self,
            "relay",
            environment=RelayEnvironment(
                ledger_table=ledger.table.table_name,
                sockets_table=ledger.sockets.table_name,
                socket_endpoint=self.endpoint,
                results_bucket=ledger.results.bucket_name,
                fanout_queue_url=fanout.queue.queue.queue_url,
                intake_queue_url=intake.queue.queue.queue_url,
                missed_queue_url=missed.queue_url,
                limits=limits,
                links_endpoint=factory.target.public_endpoint,
            ),
            timeout_seconds=10,
        )
        age = relay.metric("IteratorAge")
        description = "Changes wait for more than a minute before they are counted and pushed"
        alarm(self, "BehindAlarm", description, age, alarms, above=60_000, statistic="Maximum")
        relay.add_event_source(
            sources.DynamoEventSource(
                ledger.table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                # A batch's jobs and the op stats of their minutes are written in one transaction of a hundred.
                batch_size=90,
                bisect_batch_on_error=True,
                retry_attempts=20,
                max_record_age=Duration.minutes(15),
                on_failure=sources.SqsDlq(missed),
                report_batch_item_failures=True,
                filters=[
                    lambda_.FilterCriteria.filter(wanted) for wanted in (_TASK_CHANGED, _JOB_CHANGED, _EVENT_TOLD)
                ],
            )
        )
        for queue in (missed, fanout.queue.queue, intake.queue.queue):
            queue.grant(relay, "sqs:SendMessage")
        ledger.table.grant(relay, "dynamodb:BatchGetItem", "dynamodb:PutItem")
        ledger.table.grant(self.sockets, "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:PutItem")
        ledger.uploads.grant_put(self.sockets, f"{JOBS_PREFIX}*")
        for function in (relay, fanout.function, self.sockets):
            # Each of them may be the first to notice that a socket is closed, and then cancels the socket's crawl.
            ledger.table.grant(function, "dynamodb:GetItem", "dynamodb:UpdateItem")
            ledger.sockets.grant_read_write_data(function)
            ledger.results.grant_read(function)
            self.stage.grant_management_api_access(function)

    def public_url(self, target: Target) -> str:
        """Return the URL that browsers connect to; for the local engine a path, as the page comes from there."""
        if target.has_containers:
            # LocalStack serves each WebSocket API at a port of its own, which only this attribute says.
            return self.api.api_endpoint
        if target.endpoint:
            return f"/_aws/execute-api/{self.api.api_id}/{self.stage.stage_name}"
        return self.stage.url

    def _endpoint(self, factory: FunctionFactory) -> str:
        """Return the URL of the WebSocket API's management API; its path, for a local engine."""
        if factory.target.endpoint:
            return f"/_aws/execute-api/{self.api.api_id}/{_STAGE}"
        return self.stage.callback_url
