"""The keys of the ledger's table are those that the documentation shows."""

from pathlib import Path

import pytest

from umbel_core.aws import keys
from umbel_core.aws.dynamo import Item

ROOT = Path(__file__).parents[3]


def rows(text: str) -> list[str]:
    """The rows of the ledger's table in a text."""
    start = text.index("| pk | sk |")
    return text[start : text.index("\n\n", start)].splitlines()


def test_the_documentation_has_the_table_of_the_module() -> None:
    assert keys.__doc__
    assert rows((ROOT / "docs" / "architecture.md").read_text()) == rows(keys.__doc__)


@pytest.mark.parametrize(
    ("key", "partition", "sort"),
    [
        (keys.job_key("j1"), "JOB#j1", "JOB"),
        (keys.task_key("j1", 42), "JOB#j1", "TASK#000042"),
        (keys.stopped_group_key("j1", "north"), "JOB#j1", "STOPPED#north"),
        (keys.cancelled_key("j1"), "JOB#j1", "CANCELLED"),
        (keys.taken_key("j1"), "TAKEN", "j1"),
        (keys.pace_key("example.org:443"), "PACE", "example.org:443"),
        (keys.dead_letter_key("blur", "m1"), "DEAD#blur", "m1"),
        (keys.circuit_key("example.org:443"), "CIRCUITS", "example.org:443"),
        (keys.event_key("2026-01-31T12:00:00.123Z", "e1"), "EVENTS", "EVENT#2026-01-31T12:00:00.123Z#e1"),
        (keys.stats_key("TOTAL"), "STATS", "TOTAL#ALL"),
        (keys.stats_key("MINUTE#2026-01-31T12:00"), "STATS", "MINUTE#2026-01-31T12:00#ALL"),
        (keys.slot_key(3), "STATS#03", "FRESH"),
        (keys.planned_key(3), "STATS#03", "PLANNED"),
        (keys.deployed_ops_key(), "DEPLOYED", "OPS"),
    ],
)
def test_every_record_of_the_ledger_has_its_key(key: Item, partition: str, sort: str) -> None:
    assert key == {"pk": {"S": partition}, "sk": {"S": sort}}


def test_ids_are_read_back_from_keys() -> None:
    assert keys.job_id_in(keys.task_key("j1", 0)) == "j1"
    assert keys.topic_in(keys.topic_key("*")) == "*"


def test_tasks_sort_by_their_index() -> None:
    assert keys.task_key("j", 9)["sk"]["S"] < keys.task_key("j", 10)["sk"]["S"] < keys.task_key("j", 99_999)["sk"]["S"]


def test_no_attribute_of_the_indexes_is_a_word_that_dynamodb_reserves() -> None:
    """Expressions name them as they are. DynamoDB reserves `shard`, for one."""
    names = {keys.CREATION, *(index.partition for index in keys.JOB_INDEXES)}
    assert names == {"creation", "job_shard", "unfinished_shard", "failed_shard"}
