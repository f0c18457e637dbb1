"""An ordered lane's batch: groups side by side, each in order, and nothing overtakes what is tried again."""

from threading import Barrier
from typing import Any

import msgspec

from umbel_core.messages import RunTask
from worker.groups import run_groups


def messages(*names: str) -> list[dict[str, Any]]:
    commands = (RunTask(job="j", index=0, op="any", variant="v", input=name, group=name[0]) for name in names)
    bodies = (msgspec.json.encode(command).decode() for command in commands)
    return [{"messageId": name, "body": body} for name, body in zip(names, bodies, strict=True)]


def test_each_group_runs_in_order() -> None:
    taken: list[str] = []

    def take(record: dict[str, Any]) -> bool:
        taken.append(record["messageId"])
        return True

    again = run_groups(messages("a1", "b1", "a2", "b2", "a3"), take, print)
    assert again == []
    assert [name for name in taken if name[0] == "a"] == ["a1", "a2", "a3"]
    assert [name for name in taken if name[0] == "b"] == ["b1", "b2"]


def test_groups_run_side_by_side() -> None:
    meeting = Barrier(3, timeout=20)
    assert run_groups(messages("a1", "b1", "c1"), lambda _: meeting.wait() >= 0, print) == []


def test_what_is_behind_a_fault_in_its_group_goes_back_unseen() -> None:
    taken: list[str] = []
    back: list[tuple[str, str]] = []

    def take(record: dict[str, Any]) -> bool:
        taken.append(record["messageId"])
        return bool(record["messageId"] != "a2")

    def put_behind(head: dict[str, Any], record: dict[str, Any]) -> None:
        back.append((head["messageId"], record["messageId"]))

    again = run_groups(messages("a1", "a2", "a3", "a4", "b1"), take, put_behind)
    assert sorted(again) == ["a2", "a3", "a4"]
    assert back == [("a2", "a3"), ("a2", "a4")]
    assert sorted(taken) == ["a1", "a2", "b1"]
