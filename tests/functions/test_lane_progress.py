"""A lane's progress says up to which moment its messages were worked off, from two numbers that anyone can read."""

import pytest

from ticker.lane_progress import advanced, ended_tasks
from umbel_core.lanes import Backlog
from umbel_core.op_stats import OpStats
from umbel_core.sweeper_state import LaneProgress

STARTED = LaneProgress("t1", left=3, due=13, seen_at="t1", waiting=1)


def in_flight(number: int) -> Backlog:
    """So many messages, none of which waits."""
    return Backlog(waiting=0, in_flight=number)


def test_the_first_observation_only_marks_the_moment() -> None:
    assert advanced(None, "t1", Backlog(waiting=1, in_flight=2), ended=10, ordered=True) == STARTED


@pytest.mark.parametrize(("ended", "worked_off_to"), [(12, ""), (13, "t1"), (20, "t1")])
def test_when_as_many_tasks_have_ended_as_there_were_messages_those_are_worked_off(
    ended: int, worked_off_to: str
) -> None:
    after = advanced(STARTED, "t2", in_flight(5), ended=ended, ordered=True)
    assert (after.worked_off_to, after.empty_to) == (worked_off_to, "")
    assert (after.marked_at, after.due) == (("t2", ended + 5) if worked_off_to else ("t1", 13))


def test_in_a_lane_that_is_not_ordered_ten_times_as_many_must_have_ended() -> None:
    started = advanced(None, "t1", Backlog(waiting=1, in_flight=2), ended=10, ordered=False)
    assert started.due == 40
    assert advanced(started, "t2", in_flight(5), ended=39, ordered=False).worked_off_to == ""
    assert advanced(started, "t2", in_flight(5), ended=40, ordered=False).worked_off_to == "t1"


def test_a_queue_is_empty_when_it_was_so_twice_whatever_has_ended() -> None:
    once = advanced(STARTED, "t2", in_flight(0), ended=10, ordered=True)
    assert (once.marked_at, once.worked_off_to, once.empty_to) == ("t2", "", "")
    twice = advanced(once, "t3", in_flight(0), ended=10, ordered=True)
    assert (twice.marked_at, twice.worked_off_to, twice.empty_to) == ("t3", "t2", "t2")
    filled = advanced(twice, "t4", in_flight(1), ended=10, ordered=True)
    assert (filled.worked_off_to, filled.empty_to) == ("t3", "t2")


def test_older_messages_have_been_received_when_none_waited_twice_whatever_is_in_flight() -> None:
    once = advanced(STARTED, "t2", in_flight(4), ended=10, ordered=True)
    assert once.received_to == ""
    twice = advanced(once, "t3", in_flight(9), ended=10, ordered=True)
    assert (twice.received_to, twice.empty_to, twice.worked_off_to) == ("t2", "", "")
    assert advanced(twice, "t4", Backlog(waiting=1, in_flight=0), ended=10, ordered=True).received_to == "t2"


def test_a_record_of_an_earlier_version_does_not_say_that_none_waited() -> None:
    assert advanced(LaneProgress("t1", left=3, due=13), "t2", in_flight(3), ended=10, ordered=True).received_to == ""


def test_what_was_worked_off_stays_worked_off() -> None:
    before = LaneProgress("t3", left=3, due=13, worked_off_to="t2", empty_to="t1")
    later = advanced(before, "t4", in_flight(2), ended=10, ordered=True)
    assert (later.worked_off_to, later.empty_to) == ("t2", "t1")


def test_ends_of_every_kind_count_and_an_op_without_stats_has_none() -> None:
    stats = {"say": OpStats(entered={"completed": 1, "failed": 2, "skipped": 3, "pending": 9})}
    assert (ended_tasks(stats, "say"), ended_tasks(stats, "new")) == (6, 0)
