"""The metric of repeated work, by which the ticker and the alarm know each other."""

NAMESPACE = "Umbel"
EXECUTIONS = "ExecutionsPerTask"
MIN_RUNS = 20
"""An op with fewer runs in an hour is left out: one retry of a few runs is no trend."""
EXECUTIONS_LIMIT = 1.05
