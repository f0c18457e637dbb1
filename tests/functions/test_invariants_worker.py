"""What a worker does with a batch when time is short or a task fails, and which answers of a host are transient."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger

from tests.core.aws.stubs import stubbed
from tests.functions.stage import Stage, recite
from umbel_core.aws.consumer import SqsConsumer
from umbel_core.errors import Rejected, Transient
from umbel_core.ledger import JobRecord, TaskRecord
from umbel_core.op import describe
from umbel_core.settings import Limits
from umbel_core.sqs import Message
from worker.batch import BatchRunner
from worker.web import Web

QUEUE_URL = "https://queue"
MOMENT = "2026-01-31T12:00:00.123Z"


def ordered_batch(stage: Stage, *texts: str) -> list[Message]:
    """Plan a group of an ordered op; return its messages, of which the first was received most often."""
    job = JobRecord(
        id="j1", kind="manifest", name="n", created_at=MOMENT, updated_at=MOMENT, planned=True, total=len(texts)
    )
    tasks = [
        TaskRecord(
            job_id="j1",
            index=index,
            op="recite",
            variant=f"v{index}",
            input=text,
            group="north",
            after=index - 1 if index else None,
            queued_at=MOMENT,
        )
        for index, text in enumerate(texts)
    ]
    stage.ledger.plan(job, tasks)
    return [
        Message(
            id=f"m{task.index}",
            body=msgspec.json.encode(task.command()).decode(),
            receives=4 - task.index,
            receipt_handle=f"r{task.index}",
        )
        for task in tasks
    ]


def run_ordered(messages: list[Message], stage: Stage, visible_after: dict[str, int], *remaining_ms: int) -> list[str]:
    """Run a batch, in which messages become visible after so many seconds; return the ids of the failed messages."""
    runner = msgspec.structs.replace(stage.runner(), card=describe(recite))
    left = [20_000, *remaining_ms]
    with stubbed("sqs") as sqs:
        sqs.answer("change_message_visibility_batch", Successful=[], Failed=[])
        sqs.answer(*["change_message_visibility"] * len(visible_after))
        consumer = SqsConsumer(sqs.client, QUEUE_URL, Logger(service="test"), 10_000)
        failed = BatchRunner(runner, consumer, Logger(service="test")).run(messages, lambda: left.pop(0))
    (_, before), *after = sqs.calls
    assert [entry["VisibilityTimeout"] for entry in before["Entries"]] == [22] * len(messages), "after the op's timeout"
    assert {call["ReceiptHandle"]: call["VisibilityTimeout"] for _, call in after} == visible_after
    return [message.id for message in failed]


def test_messages_behind_a_failed_one_become_visible_when_that_one_does() -> None:
    """Earlier they would only use up receives: their own receives, 3 and 2, would make it 4 and 2 seconds."""
    stage = Stage()
    messages = ordered_batch(stage, "broken", "hi", "ho")
    assert run_ordered(messages, stage, {"r0": 8, "r1": 8, "r2": 8}, 20_000) == ["m0", "m1", "m2"]


def test_the_message_that_failed_decides_and_not_the_first_of_the_group() -> None:
    stage = Stage()
    messages = ordered_batch(stage, "hi", "broken", "ho")
    assert run_ordered(messages, stage, {"r1": 4, "r2": 4}, 20_000, 20_000) == ["m1", "m2"]


def test_an_ordered_group_starts_no_task_for_which_the_time_is_too_short() -> None:
    stage = Stage()
    messages = ordered_batch(stage, "hi", "ho")
    assert run_ordered(messages, stage, {"r1": 0}, 10_000, 9_999) == ["m1"]
    assert [task.status for task in stage.ledger.all_tasks("j1")] == ["completed", "pending"]


class Fetcher:
    """Answers every fetch with this status and body, or refuses it."""

    def __init__(self, status: int = 200, body: bytes = b"pixels", refusal: Rejected | None = None) -> None:
        self._answer = SimpleNamespace(status=status, body=body, retry_after=None)
        self._refusal = refusal
        self.options: dict[str, Any] = {}

    def fetch(self, url: str, **options: Any) -> Any:
        self.options = options
        if self._refusal:
            raise self._refusal
        return self._answer


def web(fetcher: Fetcher) -> Web:
    made = Web(Limits(max_upload_bytes=2048), None, None)  # type: ignore[arg-type] # the fetcher alone uses them
    made.__dict__["fetcher"] = fetcher
    return made


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, Transient),
        (503, Transient),
        (599, Transient),
        (499, Rejected),
        (428, Rejected),
        (430, Rejected),
        (404, Rejected),
        (304, Rejected),
        (201, Rejected),
    ],
)
def test_errors_of_the_host_are_transient(status: int, kind: type[Rejected]) -> None:
    with pytest.raises(Rejected) as refusal:
        web(Fetcher(status)).file("http://a/cat.jpg", 5)
    assert (type(refusal.value), refusal.value.code) == (kind, "no_such_picture")
    assert refusal.value.sentence == f"http://a/cat.jpg answers with status {status}, so there is no picture."


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("dead_host", Transient),
        ("timed_out", Transient),
        ("bad_answer", Transient),
        ("circuit_open", Rejected),
        ("tls_failed", Rejected),
    ],
)
def test_a_fetch_that_did_not_end_is_transient_by_its_code(code: str, kind: type[Rejected]) -> None:
    with pytest.raises(Rejected) as refusal:
        web(Fetcher(refusal=Rejected(code, "It failed."))).file("http://a/", 5)
    assert (type(refusal.value), refusal.value.code, refusal.value.sentence) == (kind, code, "It failed.")


def test_an_empty_answer_is_no_picture() -> None:
    with pytest.raises(Rejected, match=r"^empty_file: http://a/ is empty: it has zero bytes\.$"):
        web(Fetcher(body=b"")).file("http://a/", 5)


@pytest.mark.parametrize(("seconds", "limit"), [(5.0, 5.0), (60.0, 10.0)])
def test_a_picture_is_fetched_whole_within_the_limits(seconds: float, limit: float) -> None:
    fetcher = Fetcher()
    assert web(fetcher).file("http://a/", seconds) == b"pixels"
    assert fetcher.options == {"max_bytes": 2048, "whole": True, "seconds": limit}
