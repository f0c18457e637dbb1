"""clock -> stats -> WebSocket: the ticker sends stats to subscribed sockets, and recounts jobs the stream missed."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.function import FunctionFactory
from infra.lanes import grant_read_lanes, lane_name
from infra.ledger import LedgerConstruct
from infra.relay import RelayConstruct
from ticker.environment import TickerEnvironment
from umbel_core.settings import Limits

_TIMEOUT = 80
"""Seconds. A run ends when the next one starts, which is about a minute later."""


class TickerConstruct(Construct):
    """A function that is started once a minute, and runs for that minute while sockets are subscribed to stats."""

    def __init__(
        self,
        scope: Construct,
        factory: FunctionFactory,
        ledger: LedgerConstruct,
        relay: RelayConstruct,
        limits: Limits,
        *,
        reserve: bool,
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
                lane_prefix=prefix,
                reserve=reserve,
                limits=limits,
            ),
            with_catalogue=True,
            timeout_seconds=_TIMEOUT,
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
        moves = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem")
        ledger.table.grant(function, *(f"dynamodb:{move}" for move in moves))
        ledger.sockets.grant_read_write_data(function)
        relay.stage.grant_management_api_access(function)
        grant_read_lanes(function, prefix)
        function.grant_invoke(relay.sockets)
