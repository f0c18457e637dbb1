"""The cost of a run by AWS's public price list (us-east-1, arm64), for `cost_usd`."""

_NANO_PER_GB_SECOND = 13_333.4
_NANO_PER_REQUEST = 200
"""Lambda's price of one invocation. SQS, SNS, S3 and DynamoDB cost about as much again and are not included."""


def run_cost_nano(duration_ms: float, memory_mb: int) -> int:
    """Return the nano-dollars of a run of `duration_ms` in a function of `memory_mb`."""
    return round(duration_ms / 1000 * memory_mb / 1024 * _NANO_PER_GB_SECOND + _NANO_PER_REQUEST)
