"""Dead-letter queues -> undertaker -> ledger: what was given up is said, and kept for redrive."""

from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from infra.function import Workshop
from infra.intake import Intake
from infra.lanes import Lane, lane_name
from infra.ledger import Ledger
from infra.queue import DEAD_SUFFIX
from undertaker.environment import UndertakerEnvironment


class Undertaker(Construct):
    """One function behind every dead-letter queue."""

    def __init__(
        self,
        scope: Construct,
        workshop: Workshop,
        intake: Intake,
        lanes: list[Lane],
        ledger: Ledger,
        retention_days: int,
    ) -> None:
        super().__init__(scope, "Undertaker")
        function = workshop.function(
            self,
            "undertaker",
            environment=UndertakerEnvironment(
                ledger_table=ledger.table.table_name,
                retention_days=retention_days,
                intake_dead=f"{workshop.prefix}-intake{DEAD_SUFFIX}",
                lane_prefix=lane_name(workshop.prefix, ""),
                dead_suffix=DEAD_SUFFIX,
            ),
        )
        for queue in (intake.queue, *(lane.queue for lane in lanes)):
            function.add_event_source(
                sources.SqsEventSource(queue.dead, batch_size=10, max_concurrency=2, report_batch_item_failures=True)
            )
        ledger.table.grant_read_write_data(function)
