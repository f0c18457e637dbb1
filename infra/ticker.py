"""clock -> numbers -> WebSocket: the ticker tells the sockets that ask, and looks after what the stream left behind."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.function import FunctionFactory
from infra.lanes import grant_read_lanes, lane_name
from infra.ledger import Ledger
from infra.relay import Relay
from ticker.environment import TickerEnvironment

_TIMEOUT = 80
"""A run goes on until the next one takes over, which the clock starts after a minute, give or take."""


class Ticker(Construct):
    """A function that is called once a minute, and stays while somebody listens."""

    def __init__(
        self,
        scope: Construct,
        factory: FunctionFactory,
        ledger: Ledger,
        relay: Relay,
        retention_days: int,
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
                retention_days=retention_days,
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
