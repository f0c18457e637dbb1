"""What the engine keeps in memory of work that is done, and how often it looks at a message that waits."""

from typing import Any

import pytest

from umbel.engine_server.queue_costs import filled_once, seldom
from umbel.engine_server.retention import RECORDS, Digest, forgettable

MANY = 2 * RECORDS + 1


@pytest.mark.parametrize(
    ("positions", "count"),
    [([500 + MANY], MANY - RECORDS), ([500 + MANY, 510], 10), ([500], 0), ([0], 0), ([], 0)],
    ids=["all read", "one mapping has read ten", "none read", "a mapping that has not begun", "no mapping"],
)
def test_only_records_that_every_mapping_has_read_are_forgotten(positions: list[int], count: int) -> None:
    assert forgettable(MANY, 500, positions) == count


def test_a_short_stream_keeps_all_its_records() -> None:
    assert forgettable(MANY - 1, 0, [MANY - 1]) == 0


def test_the_token_of_a_transaction_still_tells_another_request_from_its_own() -> None:
    request = {"TransactItems": [{"Put": {"TableName": "t", "Item": {"id": {"S": "a"}}}}]}
    kept = Digest(request)
    assert kept == {"TransactItems": [{"Put": {"Item": {"id": {"S": "a"}}, "TableName": "t"}}]}
    assert kept != {"TransactItems": [{"Put": {"TableName": "t", "Item": {"id": {"S": "b"}}}}]}


def test_the_fields_of_a_message_are_filled_in_once() -> None:
    filled: list[dict[str, Any]] = []
    fill = filled_once(filled.append)
    fill({"id": "a"})
    fill({"id": "b", "seq": None})
    assert filled == [{"id": "a"}]


def test_the_messages_of_a_queue_expire_at_most_once_a_second() -> None:
    now, expired = 100.0, list[str]()
    expire = seldom(lambda queue: expired.append(queue["attributes"]["QueueArn"]), lambda: now)
    for now, name in ((100.0, "a"), (100.5, "a"), (100.5, "b"), (101.0, "a")):  # noqa: B007 - the clock reads `now`
        expire({"attributes": {"QueueArn": name}})
    assert expired == ["a", "b", "a"]
