"""An ordered lane's batch: each group runs in order, and nothing overtakes a message that is retried."""

import msgspec

from umbel_core.messages import RunTask
from umbel_core.sqs import Message
from worker.groups import groups_of, run_group


def messages(*names: str) -> list[Message]:
    commands = (RunTask(job_id="j", index=0, op="any", variant="v", input=name, group=name[0]) for name in names)
    bodies = (msgspec.json.encode(command).decode() for command in commands)
    return [Message(id=name, body=body, receives=1) for name, body in zip(names, bodies, strict=True)]


class Log:
    """Remembers what was processed and what was handed back; some messages fail."""

    def __init__(self, *failing: str) -> None:
        self._failing = failing
        self.processed: list[str] = []
        self.handed_back: list[tuple[str, str]] = []

    def process(self, message: Message) -> bool:
        self.processed.append(message.id)
        return message.id not in self._failing

    def hand_back_behind(self, head: Message, message: Message) -> None:
        self.handed_back.append((head.id, message.id))


def run_groups(batch: list[Message], log: Log) -> list[Message]:
    return [message for group in groups_of(batch) for message in run_group(group, log.process, log.hand_back_behind)]


def test_each_group_runs_in_order() -> None:
    log = Log()
    assert run_groups(messages("a1", "b1", "a2", "b2", "a3"), log) == []
    assert [name for name in log.processed if name[0] == "a"] == ["a1", "a2", "a3"]
    assert [name for name in log.processed if name[0] == "b"] == ["b1", "b2"]


def test_messages_behind_a_failed_one_of_their_group_are_handed_back_unprocessed() -> None:
    log = Log("a2")
    failed = run_groups(messages("a1", "a2", "a3", "a4", "b1"), log)
    assert sorted(message.id for message in failed) == ["a2", "a3", "a4"]
    assert log.handed_back == [("a2", "a3"), ("a2", "a4")]
    assert sorted(log.processed) == ["a1", "a2", "b1"]


def test_a_message_that_cannot_be_read_does_not_fail_the_batch() -> None:
    log = Log("bad")
    bad = Message(id="bad", body="not a task", receives=1)
    assert [message.id for message in run_groups([*messages("a1"), bad, *messages("a2")], log)] == ["bad"]
    assert sorted(log.processed) == ["a1", "a2", "bad"]


def test_tasks_without_a_group_do_not_wait_for_each_other() -> None:
    alone = [RunTask(job_id="j", index=index, op="any", variant="v", input="x") for index in range(2)]
    batch = [Message(id=f"{c.index}", body=msgspec.json.encode(c).decode(), receives=1) for c in alone]
    log = Log("0")
    assert [message.id for message in run_groups(batch, log)] == ["0"]
    assert sorted(log.processed) == ["0", "1"]
