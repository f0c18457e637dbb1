"""CloudWatch alarms. All of them send their changes to one topic."""

from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from umbel_core.executions import EXECUTIONS, NAMESPACE

PERIOD = Duration.minutes(5)


def alarm(
    scope: Construct,
    id: str,  # noqa: A002 - the CDK's word
    description: str,
    metric: cloudwatch.Metric,
    alarms: sns.ITopic,
    *,
    above: float = 0,
    statistic: Literal["Sum", "Maximum"] = "Sum",
) -> None:
    """Create an alarm that fires when the metric's sum or greatest value of five minutes is above the bound."""
    made = cloudwatch.Alarm(
        scope,
        id,
        alarm_description=description,
        metric=metric.with_(statistic=statistic, period=PERIOD),
        threshold=above,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    made.add_alarm_action(actions.SnsAction(alarms))


def executions(prefix: str) -> cloudwatch.Metric:
    """Return the metric that the ticker writes: the most runs for each task, of all ops, in the last hour."""
    return metric(prefix, EXECUTIONS).with_(statistic="Maximum")


def metric(prefix: str, name: str) -> cloudwatch.Metric:
    """Return a metric that a function of ours writes for the whole deployment."""
    return cloudwatch.Metric(namespace=NAMESPACE, metric_name=name, dimensions_map={"service": prefix})


def failure_alarms(function: lambda_.Function, name: str, alarms: sns.ITopic) -> None:
    """Create the alarms that fire when an invocation of the function ends in an error, and when one is throttled."""
    alarm(function, "Fails", f"An invocation of {name} ended in an error", function.metric_errors(), alarms)
    alarm(function, "Throttled", f"An invocation of {name} was throttled", function.metric_throttles(), alarms)


def silence_alarm(function: lambda_.Function, name: str, alarms: sns.ITopic) -> None:
    """Create an alarm that fires when the function was not invoked for fifteen minutes."""
    made = function.metric_invocations(period=PERIOD).create_alarm(
        function,
        "Silent",
        alarm_description=f"{name} was not invoked for fifteen minutes",
        threshold=1,
        evaluation_periods=3,
        comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
    )
    made.add_alarm_action(actions.SnsAction(alarms))
