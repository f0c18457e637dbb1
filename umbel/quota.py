"""Checks whether the account's Lambda concurrency is enough for the lanes. Pure arithmetic, without AWS."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from umbel.checks import Finding
from umbel_core.lane_settings import SMALLEST_CAP, cap

KEEP_FREE = 100
"""AWS keeps this many executions unreserved."""
_OTHER_FUNCTIONS = 10
"""Executions that all functions but the lanes need: coordinator, relay, API, sockets."""
_REQUEST = (
    "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value {}"
)


class AccountLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Lambda's account settings."""

    total: int
    """Executions that may run at a time in this account and region."""
    unreserved: int
    """The part of it that no function reserves, an already deployed Umbel's functions included."""


class Account(Protocol):
    """The part of an AWS account that is checked."""

    def limits(self) -> AccountLimits:
        """Return Lambda's account settings."""

    def reserved_by_us(self) -> int:
        """Return what an already deployed Umbel reserves; a new deployment replaces it."""


def judge(account: Account, concurrency: Mapping[str, int], *, reserve: bool) -> Finding:
    """Return whether these numbers fit into the account, with advice when they do not."""
    limits = account.limits()
    free = limits.unreserved + account.reserved_by_us() - KEEP_FREE
    wanted = sum(concurrency.values())
    have = f"the account runs {limits.total} functions at a time"
    if reserve and wanted <= free:
        return _finding(True, f"{have}; {wanted} reserved for {len(concurrency)} ops leave {free - wanted + KEEP_FREE}")
    if not reserve:
        caps = sum(cap(number) for number in concurrency.values() if number)
        if caps + _OTHER_FUNCTIONS <= limits.total:
            return _finding(True, f"{have}; the lanes' caps add up to {caps}, nothing is reserved")
        advice = [f"ask for more before real use: {_REQUEST.format(max(1000, wanted + KEEP_FREE))}"]
        return _finding(True, f"{have}; the lanes' caps add up to {caps}: at full load some are throttled", advice)
    others = limits.total - limits.unreserved - account.reserved_by_us()
    enough = max(1000, wanted + others + KEEP_FREE)
    advice = ['deploy with caps alone: make deploy ARGS="-c reserve=false"']
    if free >= len(concurrency):
        largest = max(concurrency, key=lambda op: concurrency[op])
        fits = concurrency[largest] - (wanted - free)
        if fits >= SMALLEST_CAP:
            advice.append(f'or lower an op in cdk.json: "concurrency": {{"{largest}": {fits}}}')
        else:
            advice.append(f'or lower the ops in cdk.json\'s "concurrency" until they add up to {free}')
    advice.append(f"or ask for more: {_REQUEST.format(enough)}")
    reason = f"{wanted} are to be reserved, but only {max(free, 0)} can be: AWS keeps {KEEP_FREE} of them unreserved"
    return _finding(False, f"{have}; {reason}", advice)


def _finding(good: bool, sentence: str, advice: list[str] | None = None) -> Finding:
    return Finding(subject="concurrency", good=good, sentence=sentence, advice=advice or [])
