"""Which messages of a batch are worked on, and in which order: what kills its worker must not take others along."""

from typing import Any

from umbel_core.lane_settings import HANDED_BACK_UNTIL


def order_batch(records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """New messages first, then one at most of those that come again; the other ones of these go back at once.

    What comes again may be what killed the last worker. If it does so again, it is alone. Handing back costs a receive,
    so what has had many is worked on all the same, and last.
    """
    again = sorted((record for record in records if _receives(record) > 1), key=_receives)
    late = [record for record in again if _receives(record) > HANDED_BACK_UNTIL]
    early = [record for record in again if _receives(record) <= HANDED_BACK_UNTIL]
    new = [record for record in records if _receives(record) == 1]
    return [*new, *early[:1], *late], early[1:]


def _receives(record: dict[str, Any]) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])
