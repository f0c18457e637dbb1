"""Which messages of a batch are worked on now: one that keeps killing its worker must not take its neighbours along."""

from typing import Any


def in_turn(records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """New messages first, and one at most of those that come again; the other ones of these go back at once.

    What comes again may be what killed the last worker. If it does so again, it is alone.
    """
    new = [record for record in records if _receives(record) == 1]
    again = [record for record in records if _receives(record) > 1]
    return [*new, *again[:1]], again[1:]


def _receives(record: dict[str, Any]) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])
