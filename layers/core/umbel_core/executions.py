"""The names of the metrics, by which the functions that write them, the alarms and the dashboard know each other."""

NAMESPACE = "Umbel"
EXECUTIONS = "ExecutionsPerTask"
"""Written by the ticker, of all ops."""
FAILED_SWEEPS = "FailedSweeps"
"""Written by the ticker."""
TASKS_COMPLETED = "TasksCompleted"
TASKS_FAILED = "TasksFailed"
TASK_DURATION = "TaskDuration"
TASK_EXECUTIONS = "TaskExecutions"
"""These four are written by the workers, of each op."""
MIN_RUNS = 20
"""An op with fewer runs in an hour is left out: one retry of a few runs is no trend."""
EXECUTIONS_LIMIT = 1.05
