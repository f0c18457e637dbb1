"""Pushes on their way to the fan-out: divided by connections and by size."""

import msgspec
import pytest

from umbel_core.ledger import Event, JobRecord, TaskRecord
from umbel_core.pushing import CONNECTIONS_PER_PUSH, Push


def task(index: int, size: int = 100) -> TaskRecord:
    return TaskRecord(job_id="j1", index=index, op="say", variant=f"{index}", input="x" * size, queued_at="t")


def test_a_push_to_many_connections_is_divided_and_none_is_in_two_parts() -> None:
    many = [f"s{number:04}" for number in range(CONNECTIONS_PER_PUSH + 10)]
    push = Push(subscribers={"*": many, "j1": ["s0003", "s0505"]}, tasks=[task(0)])
    first, second = push.by_connections()
    assert (len(first.connections), len(second.connections)) == (CONNECTIONS_PER_PUSH, 10)
    assert (first.subscribers["j1"], second.subscribers["j1"]) == (["s0003"], ["s0505"])
    assert first.connections.isdisjoint(second.connections)
    assert first.tasks == second.tasks == [task(0)]


def test_a_long_push_is_divided_and_nothing_is_lost() -> None:
    job = JobRecord(id="j1", kind="task", name="n", created_at="t", updated_at="t")
    push = Push(
        subscribers={"*": ["s1"]},
        jobs=[job],
        events=[Event(kind="paused", message="m")],
        tasks=[task(n) for n in range(30)],
    )
    bodies = list(push.encoded(1000))
    parts = [msgspec.json.decode(body, type=Push) for body in bodies]
    assert all(len(body) <= 1000 for body in bodies)
    assert [each for part in parts for each in part.tasks] == push.tasks
    assert [each for part in parts for each in part.jobs] == [job]
    assert [each for part in parts for each in part.events] == push.events
    assert {tuple(part.subscribers["*"]) for part in parts} == {("s1",)}


@pytest.mark.parametrize("sizes", [[2000], [10, 2000, 10]])
def test_a_record_that_no_message_can_carry_is_left_out(sizes: list[int]) -> None:
    push = Push(subscribers={"*": ["s1"]}, tasks=[task(n, size) for n, size in enumerate(sizes)])
    parts = [msgspec.json.decode(body, type=Push) for body in push.encoded(1000)]
    assert [len(each.input) for part in parts for each in part.tasks] == [size for size in sizes if size < 1000]
