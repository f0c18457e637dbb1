"""Records keep their values in DynamoDB, in the environment and in the tokens' table."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbel_core.aws.dynamo import Item, item, record
from umbel_core.clock import epoch, now
from umbel_core.environment import parse, variables
from umbel_core.ledger import DeadLetter, ErrorRecord, JobRecord, TaskRecord
from umbel_core.messages import RetryTasks, RunTask
from umbel_core.tokens import TokenRecord, issue, token_hash

TEXT = st.text(st.characters(codec="utf-8"), max_size=9)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.dictionaries(TEXT, VALUES, max_size=3), st.none() | TEXT, st.integers(0, 99))
def test_a_task_comes_back_as_it_was(value: Any, params: dict[str, Any], group: str | None, number: int) -> None:
    task = TaskRecord(
        job_id="j", index=number, op="o", variant="v", input=value, params=params, group=group, queued_at="t"
    )
    task = msgspec.structs.replace(task, result=value or None, error=ErrorRecord("c", "m", task="t"), attempts=number)
    assert record(TaskRecord, item(task)) == task


def test_a_job_comes_back_as_it_was() -> None:
    variants = {"a": {"status": "completed", "bytes": 12, "ratio": 1.5}}
    errors = [ErrorRecord("c", "m", task="j.1", variant="a")]
    job = JobRecord(
        id="j", kind="crawl", name="", created_at="t", updated_at="t", planned=True, errors=errors, variants=variants
    )
    assert record(JobRecord, {**item(job), "pk": {"S": "JOB#j"}, "listed": {"S": "JOBS"}}) == job


def test_values_in_expressions_are_stored_as_themselves() -> None:
    task = TaskRecord(job_id="j", index=3, op="o", variant="v", input="x", queued_at="t", status="failed")
    kept = item(task)
    assert (kept["status"], kept["index"], kept["round"]) == ({"S": "failed"}, {"N": "3"}, {"N": "0"})
    assert "group" not in kept
    letter = DeadLetter(op="o", id="i", body="{", reason="r", at="t")
    assert record(DeadLetter, item(letter)) == letter


def test_what_an_earlier_version_wrote_is_read() -> None:
    key: Item = {"pk": {"S": "JOB#j"}, "sk": {"S": "TASK#000002"}, "job": {"S": "j"}, "index": {"N": "2"}}
    kept: Item = {"op": {"S": "o"}, "variant": {"S": "v"}, "input": {"S": '"x"'}, "queued_at": {"S": "t"}}
    task = record(TaskRecord, {**key, **kept, "transient": {"N": "2"}})
    assert (task.job_id, task.index, task.transient_refusals) == ("j", 2, 0)
    letter: Item = {"op": {"S": "o"}, "id": {"S": "m"}, "body": {"S": "{"}, "reason": {"S": "r"}, "at": {"S": "t"}}
    assert record(DeadLetter, {**letter, "job": {"S": "j"}}).job_id == "j"
    command = b'{"job":"j","index":2,"op":"o","variant":"v","input":"x"}'
    assert msgspec.json.decode(command, type=RunTask) == task.command()
    assert msgspec.json.decode(b'{"type":"retry","job":"j"}', type=RetryTasks) == RetryTasks("j")


def test_an_environment_is_read_as_it_was_written() -> None:
    class Model(msgspec.Struct, frozen=True):
        bucket: str
        days: int
        reserve: bool
        note: str | None = None

    model = Model(bucket="b", days=3, reserve=False)
    written = variables(model)
    assert written == {"BUCKET": "b", "DAYS": "3", "RESERVE": "False"}
    assert parse(Model, written) == model
    with pytest.raises(msgspec.ValidationError, match="missing required field `bucket`"):
        parse(Model, {"DAYS": "3", "RESERVE": "True"})
    with pytest.raises(msgspec.ValidationError, match=r"days"):
        parse(Model, {**written, "DAYS": "many"})


def test_a_tokens_secret_is_not_in_its_record() -> None:
    secret, kept = issue("viewer", "mine")
    assert secret.startswith("umb_")
    assert len(secret) >= 40
    assert secret not in str(item(kept))
    assert kept.token_hash == token_hash(secret)
    assert issue("viewer", "mine")[0] != secret
    assert record(TokenRecord, item(kept)) == kept


@pytest.mark.parametrize(("days", "expired"), [(None, False), (1, False), (0, True), (-1, True)])
def test_a_token_ends_when_it_says(days: float | None, expired: bool) -> None:
    _, kept = issue("operator", "x", days)
    assert kept.expired is expired
    assert kept.ends_at is None or kept.ends_at <= epoch() + 86_400


def test_the_record_of_an_expired_token_is_kept_so_that_its_owner_can_read_why() -> None:
    _, kept = issue("viewer", "x", days=1)
    assert kept.expires_at
    assert kept.ends_at
    assert kept.expires_at >= kept.ends_at + 7 * 86_400


def test_a_token_of_an_earlier_version_ends_when_its_record_does() -> None:
    _, kept = issue("viewer", "x", days=1)
    earlier = msgspec.structs.replace(kept, expires_at=epoch() - 1, valid_until=None)
    assert earlier.expired


def test_moments_sort_as_text() -> None:
    first = now()
    assert first <= now()
    assert first.endswith("Z")
    assert len(first) == len("2026-01-31T12:00:00.123Z")
