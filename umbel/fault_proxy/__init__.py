"""A loopback HTTP proxy between the deployed functions and the local engine that injects seeded errors and counts them.

It answers for AWS as AWS does on a bad day: throttled calls, connections that are reset before or after the call was
carried out, answers that are cut. It changes messages on their way to SNS, too: copies, another order, and messages
that match no subscription, as happens on AWS while a filter policy is new.

Requests without a signature in their headers (browsers, presigned URLs) pass unchanged.
"""

from umbel.fault_proxy.handler import CONTROL
from umbel.fault_proxy.rates import CALM, Rates, Status
from umbel.fault_proxy.server import FaultProxy

__all__ = ["CALM", "CONTROL", "FaultProxy", "Rates", "Status"]
