"""Write metrics in CloudWatch's embedded metric format: one log line, from which CloudWatch makes metrics by itself.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from umbel_core.executions import NAMESPACE


def write(
    deployment: str,
    values: Mapping[str, tuple[MetricUnit, Iterable[float]]],
    dimensions: Mapping[str, str] | None = None,
    **metadata: Any,
) -> None:
    """Write a line with the values of each metric; its dimensions are the deployment, as `service`, and the given ones.

    The metadata is only in the line.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=deployment)
    for name, value in (dimensions or {}).items():
        metrics.add_dimension(name, value)
    for name, (unit, numbers) in values.items():
        for number in numbers:
            metrics.add_metric(name, unit, number)
    for name, value in metadata.items():
        metrics.add_metadata(name, value)
    metrics.flush_metrics()
