"""Dead-letter queues -> dead-letter function -> ledger: the task is marked failed, the message kept for redrive."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from dead_letters.environment import DeadLettersEnvironment
from infra.function import FunctionFactory
from infra.lane_names import lane_name, lane_queues
from infra.ledger import LedgerConstruct
from infra.queue import DEAD_SUFFIX, Queue
from umbel_core.settings import Limits


class DeadLettersConstruct(Construct):
    """One function that reads every dead-letter queue of the intake and of the lanes."""

    def __init__(self, scope: Construct, factory: FunctionFactory, ledger: LedgerConstruct, limits: Limits) -> None:
        super().__init__(scope, "DeadLetters")
        self._function = factory.function(
            self,
            "dead_letters",
            environment=DeadLettersEnvironment(
                ledger_table=ledger.table.table_name,
                limits=limits,
                intake_dead=(intake := f"{factory.prefix}-intake{DEAD_SUFFIX}"),
                lane_prefix=(lanes := lane_name(factory.prefix, "")),
                dead_suffix=DEAD_SUFFIX,
            ),
        )
        ledger.table.grant_read_write_data(self._function)
        stack = Stack.of(self)
        queues = [stack.format_arn(service="sqs", resource=intake), lane_queues(stack, f"{lanes}*{DEAD_SUFFIX}")]
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        self._function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=queues))

    def read(self, scope: Construct, queue: Queue) -> None:
        """Let the function read a queue's dead letters; the mapping belongs to `scope`.

        Without a maximum concurrency Lambda may poll an idle queue with two pollers instead of five
        (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html), which costs less than half.
        """
        lambda_.EventSourceMapping(
            scope,
            "DeadLetters",
            target=self._function,
            event_source_arn=queue.dead.queue_arn,
            batch_size=10,
            report_batch_item_failures=True,
        )
