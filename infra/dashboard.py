"""One CloudWatch dashboard: from the uploads to the pushes. Its graphs of the lanes find new ops by their names."""

from aws_cdk import Duration
from aws_cdk import aws_apigateway as gateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.alarms import executions
from infra.function import FunctionFactory
from infra.intake import IntakeConstruct
from infra.relay import RelayConstruct
from umbel_core.executions import NAMESPACE, TASK_DURATION, TASK_EXECUTIONS, TASKS_COMPLETED, TASKS_FAILED

_MINUTE = Duration.minutes(1)
_QUEUES, _FUNCTIONS = "{AWS/SQS,QueueName}", "{AWS/Lambda,FunctionName}"
_OPS = f"{{{NAMESPACE},op,service}}"
"""What the workers write themselves (functions/worker/op_metrics.py): tasks, where Lambda counts batches."""


def dashboard(
    scope: Construct,
    factory: FunctionFactory,
    intake: IntakeConstruct,
    relay: RelayConstruct,
    api: gateway.RestApi,
    table: dynamodb.ITable,
) -> None:
    """Create the dashboard, named as the deployment."""
    lanes, roles = f"{factory.prefix} op NOT dead", factory.roles.items()
    own = f'service="{factory.prefix}"'
    waiting = intake.queue.queue.metric_approximate_number_of_messages_visible(period=_MINUTE)
    cloudwatch.Dashboard(scope, "Dashboard", dashboard_name=factory.prefix).add_widgets(
        _found("Messages that wait in lanes", _QUEUES, lanes, "ApproximateNumberOfMessagesVisible", "Maximum"),
        _found("Age of a lane's oldest message (s)", _QUEUES, lanes, "ApproximateAgeOfOldestMessage", "Maximum"),
        _found("Dead letters", _QUEUES, f"{factory.prefix} dead", "NumberOfMessagesReceived", "Sum"),
        _found("Run time of ops, 95th percentile (ms)", _FUNCTIONS, lanes, "Duration", "p95"),
        _found("Ops that run at the same time", _FUNCTIONS, lanes, "ConcurrentExecutions", "Maximum"),
        _found("Throttled runs of ops", _FUNCTIONS, lanes, "Throttles", "Sum"),
        _found("Tasks completed", _OPS, own, TASKS_COMPLETED, "Sum"),
        _found("Tasks failed", _OPS, own, TASKS_FAILED, "Sum"),
        _found("Run time of tasks, 95th percentile (ms)", _OPS, own, TASK_DURATION, "p95"),
        _found("Runs for each task that ended", _OPS, own, TASK_EXECUTIONS, "Average"),
        _graph("Intake: messages that wait", waiting),
        _graph("Age of the oldest change that is not pushed (ms)", _oldest_change(relay)),
        _graph("Runs for each task, the worst op of the last hour", executions(factory.prefix)),
        _graph("API: requests and errors", api.metric_count(), api.metric_client_error(), api.metric_server_error()),
        _graph("Errors of the other functions", *(each.metric_errors(label=name) for name, each in roles)),
        _graph("Ledger: throttled requests", table.metric("ThrottledRequests", statistic="Sum")),
    )


def _found(title: str, dimension: str, words: str, metric: str, statistic: str) -> cloudwatch.GraphWidget:
    """Return a graph of this metric of everything whose name has these words, also of what is created later."""
    search = f"SEARCH('{dimension} MetricName=\"{metric}\" {words}', '{statistic}', {_MINUTE.to_seconds():.0f})"
    return _graph(title, cloudwatch.MathExpression(expression=search, using_metrics={}, label="", period=_MINUTE))


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8, left_y_axis=cloudwatch.YAxisProps(min=0))


def _oldest_change(relay: RelayConstruct) -> cloudwatch.Metric:
    return relay.function.metric("IteratorAge", statistic="Maximum", period=_MINUTE)
