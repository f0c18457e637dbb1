"""What a deployment takes in a month in which nothing happens. A test counts the parts in the template."""

import msgspec

from umbel_core import usage
from umbel_core.prices import PRICES
from umbel_core.usage import Usage

_MONTH_SECONDS = 730 * 3600
_POLL_SECONDS = 20
"""An empty receive waits so long."""
_CAPPED_POLLERS = 5
_FREE_POLLERS = 2
"""Lambda goes down to so many pollers where a mapping has no maximum concurrency.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""
_TICKER_MS = 250.0
_TICKER_READS = 52
"""The 48 slots of the op stats and four more."""
_TICKER_RUNS = _MONTH_SECONDS / 60


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a lane, or of the stack without its lanes, that cost something while nothing happens."""

    capped_mappings: int
    """SQS mappings with a maximum concurrency."""
    free_mappings: int
    """SQS mappings without."""
    alarms: int
    dashboards: int = 0
    tickers: int = 0

    def usage(self) -> Usage:
        """Return the usage of a month."""
        pollers = self.capped_mappings * _CAPPED_POLLERS + self.free_mappings * _FREE_POLLERS
        runs = usage.times(_TICKER_RUNS * self.tickers, usage.invocation(_TICKER_MS, usage.ROLE_MB))
        reads = {"dynamodb_read": _TICKER_READS * _TICKER_RUNS * self.tickers, "trace": _TICKER_RUNS * self.tickers}
        return usage.total(
            {
                "sqs_request": pollers * _MONTH_SECONDS / _POLL_SECONDS,
                "alarm_month": self.alarms,
                "dashboard_month": self.dashboards,
            },
            runs | reads,
        )

    def usd(self) -> float:
        """Return the price of a month."""
        return usage.nano(self.usage()) / 1e9


LANE = Idle(capped_mappings=2, free_mappings=1, alarms=3)
"""A lane with a queue for live tasks and one for bulk."""
SINGLE = Idle(capped_mappings=1, free_mappings=1, alarms=2)
"""A lane with one queue: of an ordered op, or of any with `fair=false`."""
STACK = Idle(capped_mappings=2, free_mappings=3, alarms=32, dashboards=1, tickers=1)
"""Without lanes."""


def polls_usd(pollers: int) -> float:
    """Return the price of a month of so many pollers of an empty queue."""
    return pollers * _MONTH_SECONDS / _POLL_SECONDS * PRICES["sqs_request"].nano / 1e9


CAPPED_USD = polls_usd(_CAPPED_POLLERS)
FREE_USD = polls_usd(_FREE_POLLERS)
