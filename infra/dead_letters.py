"""Dead-letter queues -> dead-letter function -> ledger: the task is marked failed, the message kept for redrive."""

from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from dead_letters.environment import DeadLettersEnvironment
from infra.function import FunctionFactory
from infra.intake import IntakeConstruct
from infra.lanes import Lane, lane_name
from infra.ledger import LedgerConstruct
from infra.queue import DEAD_SUFFIX
from umbel_core.settings import Limits


class DeadLettersConstruct(Construct):
    """One function that reads every dead-letter queue."""

    def __init__(
        self,
        scope: Construct,
        factory: FunctionFactory,
        intake: IntakeConstruct,
        lanes: list[Lane],
        ledger: LedgerConstruct,
        limits: Limits,
    ) -> None:
        super().__init__(scope, "DeadLetters")
        function = factory.function(
            self,
            "dead_letters",
            environment=DeadLettersEnvironment(
                ledger_table=ledger.table.table_name,
                limits=limits,
                intake_dead=f"{factory.prefix}-intake{DEAD_SUFFIX}",
                lane_prefix=lane_name(factory.prefix, ""),
                dead_suffix=DEAD_SUFFIX,
            ),
        )
        for queue in (intake.queue, *(lane.queue for lane in lanes)):
            function.add_event_source(
                sources.SqsEventSource(queue.dead, batch_size=10, max_concurrency=2, report_batch_item_failures=True)
            )
        ledger.table.grant_read_write_data(function)
