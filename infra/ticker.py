"""clock -> stats -> WebSocket: the ticker sends stats to sockets, and has lost tasks published again."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.alarms import alarm, executions, metric, silence_alarm
from infra.function import FunctionFactory
from infra.intake import TICKER_TIMEOUT, IntakeConstruct
from infra.lane_names import grant_read_lanes, lane_name
from infra.ledger import LedgerConstruct
from infra.relay import RelayConstruct
from ticker.environment import TickerEnvironment
from umbel_core.executions import EXECUTIONS_LIMIT, FAILED_SWEEPS
from umbel_core.settings import Limits


class TickerConstruct(Construct):
    """A function that is started once a minute, and runs for that minute while sockets are subscribed to stats."""

    def __init__(
        self,
        scope: Construct,
        factory: FunctionFactory,
        intake: IntakeConstruct,
        ledger: LedgerConstruct,
        relay: RelayConstruct,
        limits: Limits,
        alarms: sns.ITopic,
        *,
        reserve: bool,
        fair: bool,
    ) -> None:
        super().__init__(scope, "Ticker")
        prefix = lane_name(factory.prefix, "")
        function = factory.function(
            self,
            "ticker",
            environment=TickerEnvironment(
                ledger_table=ledger.table.table_name,
                sockets_table=ledger.sockets.table_name,
                socket_endpoint=relay.endpoint,
                uploads_bucket=ledger.uploads.bucket_name,
                intake_queue_url=intake.queue.queue.queue_url,
                lane_prefix=prefix,
                deployment=factory.prefix,
                reserve=reserve,
                fair=fair,
                limits=limits,
            ),
            with_catalogue=True,
            timeout_seconds=TICKER_TIMEOUT,
        )
        events.Rule(
            self,
            "Minute",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            targets=[
                targets.LambdaFunction(
                    function, event=events.RuleTargetInput.from_object({"sweep": True}), retry_attempts=0
                )
            ],
        )
        description = f"An op ran more than {EXECUTIONS_LIMIT} times for each of its tasks in the last hour"
        alarm(
            self,
            "ExecutionsAlarm",
            description,
            executions(factory.prefix),
            alarms,
            above=EXECUTIONS_LIMIT,
            statistic="Maximum",
        )
        alarm(
            self,
            "SweepFails",
            "The sweeper could not look for lost tasks",
            metric(factory.prefix, FAILED_SWEEPS),
            alarms,
        )
        silence_alarm(function, f"{factory.prefix}-ticker", alarms)
        moves = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem")
        ledger.table.grant(function, *(f"dynamodb:{move}" for move in moves))
        ledger.sockets.grant_read_write_data(function)
        relay.stage.grant_management_api_access(function)
        grant_read_lanes(function, prefix)
        ledger.uploads.grant_read(function)
        intake.queue.queue.grant(function, "sqs:SendMessage", "sqs:GetQueueAttributes")
        # No maximum concurrency, as in `infra.dead_letters`: these queues are nearly always empty.
        for queue in intake.undelivered:
            function.add_event_source(sources.SqsEventSource(queue, batch_size=10, report_batch_item_failures=True))
            alarm(
                queue,
                "Waits",
                "A task that SNS could not deliver is not read",
                queue.metric_approximate_age_of_oldest_message(),
                alarms,
                above=Duration.minutes(15).to_seconds(),
                statistic="Maximum",
            )
        function.grant_invoke(relay.sockets)
