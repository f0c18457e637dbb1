"""Changes messages on their way to SNS: drops some, and changes their order."""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from umbel.fault_proxy.rates import Rates

_ENTRY = re.compile(r"PublishBatchRequestEntries\.member\.(\d+)\.(.*)")
_OP_VALUE = "MessageAttributes.entry.1.Value.StringValue"
_NO_OP = "matches-no-subscription"


def change_messages(body: bytes, rates: Rates, chance: Callable[[], float]) -> tuple[bytes, int, bool]:
    """Return the body of a PublishBatch with messages dropped and shuffled, how many were dropped, and if shuffled.

    A dropped message keeps its place, with an op that no subscription's filter matches.
    """
    fields = parse_qsl(body.decode(), keep_blank_values=True)
    rest = [(name, value) for name, value in fields if not _ENTRY.fullmatch(name)]
    entries: dict[str, dict[str, str]] = {}
    for name, value in fields:
        if entry := _ENTRY.fullmatch(name):
            entries.setdefault(entry[1], {})[entry[2]] = value
    dropped = 0
    for entry_fields in entries.values():
        if _OP_VALUE in entry_fields and chance() < rates.dropped:
            entry_fields[_OP_VALUE] = _NO_OP
            dropped += 1
    order = list(entries.values())
    has_order = any("MessageGroupId" in entry_fields for entry_fields in order)
    shuffled = len(order) > 1 and not has_order and chance() < rates.shuffled
    if shuffled:
        order.sort(key=lambda _: chance())
    for place, entry_fields in enumerate(order, 1):
        rest += [(f"PublishBatchRequestEntries.member.{place}.{name}", value) for name, value in entry_fields.items()]
    return urlencode(rest).encode(), dropped, shuffled
