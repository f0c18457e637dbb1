"""Which tasks of a job are held and which it sends, for any numbers."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbel_core.in_flight import hold, members, named, sent, take_next, waits_for_coordinator
from umbel_core.ledger import JobRecord


def job(total: int, most: int | None, **fields: object) -> JobRecord:
    made = JobRecord(id="j", kind="task", name="n", created_at="t", updated_at="t", total=total, max_in_flight=most)
    hold(made, total)
    return msgspec.structs.replace(made, **fields)


@pytest.mark.parametrize(
    ("text", "indices"), [("", set()), ("0", {0}), ("3-5", {3, 4, 5}), ("0-1,3,10-11", {0, 1, 3, 10, 11})]
)
def test_a_text_names_indices(text: str, indices: set[int]) -> None:
    assert (members(text), named(indices)) == (indices, text)


@given(st.sets(st.integers(0, 50_000)))
def test_every_set_of_indices_has_its_text(indices: set[int]) -> None:
    assert members(named(indices)) == indices


@given(total=st.integers(0, 60), most=st.one_of(st.none(), st.integers(1, 20)), ends=st.lists(st.integers(1, 9)))
def test_all_tasks_are_sent_once_in_order_and_never_too_many(total: int, most: int | None, ends: list[int]) -> None:
    at = job(total, most)
    published = [index for index in range(total) if index not in members(at.held)]
    while at.completed < total:
        assert len(published) - at.completed <= (most or total)
        ended = min(ends.pop() if ends else 1, len(published) - at.completed)
        at = take_next(msgspec.structs.replace(at, completed=at.completed + ended))
        while at.sending:
            published += sorted(members(at.sending))
            at = sent(at)
    assert published == list(range(total))
    assert at.held == ""


def test_nothing_is_taken_while_a_job_is_sending_or_when_it_is_cancelled() -> None:
    for fields in ({"sending": "1"}, {"status": "cancelled"}):
        at = job(5, 2, completed=2, **fields)
        assert take_next(at) is at


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({}, False),
        ({"sending": "1"}, True),
        ({"status": "cancelled"}, True),
        ({"status": "cancelled", "held": ""}, False),
    ],
)
def test_the_coordinator_is_asked_only_when_it_has_something_to_do(fields: dict[str, str], waits: bool) -> None:
    assert waits_for_coordinator(job(5, 2, **fields)) == waits
