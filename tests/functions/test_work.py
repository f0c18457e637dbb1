"""A task's input is read, its op is called, and its result is stored."""

from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from tests.fakes import FakeBucket
from umbel_core.catalogue import load_op
from umbel_core.contract import ResultWarning
from umbel_core.errors import Rejected
from umbel_core.messages import RunTask
from umbel_core.op import describe
from umbel_core.settings import Limits
from worker.work import FileSource, PictureDestination, ValueSource, Work, call, in_ledger

OPS = Path("functions/ops")
LIMITS = Limits()
URL = "https://a.example/cat.png"


def png(width: int = 8, height: int = 4, colour: str = "red") -> bytes:
    made = BytesIO()
    Image.new("RGB", (width, height), colour).save(made, "png")
    return made.getvalue()


class FakeWeb:
    """A web of one picture; keeps what it was asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[str, float]] = []

    def file(self, url: str, seconds: float) -> bytes:
        self.asked.append((url, seconds))
        return self.data


def command(op: str, given: Any, **params: Any) -> RunTask:
    return RunTask(
        job_id="j1", index=0, op=op, variant="small", input=given, params=params, etag="e1", object_version="v1"
    )


class Stage:
    """The work of one picture op on fakes."""

    def __init__(self, op: str, data: bytes = b"", web: bytes = b"") -> None:
        self.uploads, self.results, self.web = FakeBucket(), FakeBucket(), FakeWeb(web)
        function = load_op(OPS, op)
        self.card = describe(function)
        self.asked: list[tuple[str, str | None, str | None]] = []
        source = FileSource(self.card, function, self, self.web, LIMITS)
        self.work = Work(function, source, PictureDestination(self.results, LIMITS))
        self.data = data

    def fetch(self, key: str, etag: str | None, version: str | None) -> bytes:
        self.asked.append((key, etag, version))
        return self.data


def test_a_picture_of_the_uploads_bucket_is_read_in_the_version_of_its_event_and_stored_by_ids() -> None:
    stage = Stage("rotate90", png())
    assert stage.work(command("rotate90", "uploads/cat.png")) == {
        "key": "j1/small.png",
        "format": "png",
        "content_type": "image/png",
        "width": 4,
        "height": 8,
        "bytes": len(stage.results.read("j1/small.png")),
        "frames": 1,
        "warnings": [],
    }
    assert stage.asked == [("uploads/cat.png", "e1", "v1")]
    assert stage.web.asked == []
    with Image.open(BytesIO(stage.results.read("j1/small.png"))) as stored:
        assert (stored.format, stored.size, stored.getpixel((0, 0))) == ("PNG", (4, 8), (255, 0, 0))


def test_a_picture_of_the_web_is_fetched_within_half_of_the_workers_time() -> None:
    stage = Stage("grayscale", web=png())
    assert stage.work(command("grayscale", URL))["format"] == "png"
    assert stage.web.asked == [(URL, stage.card.compute.timeout_seconds / 2 - 2)]
    assert stage.asked == []


@pytest.mark.parametrize(
    ("given", "end"),
    [(URL, f" The file is from {URL}"), (f"{URL}?key=secret#a", f" The file is from {URL}"), ("uploads/cat.png", "")],
)
def test_a_refusal_names_the_url_of_its_file_without_its_query(given: str, end: str) -> None:
    stage = Stage("grayscale", b"text", b"text")
    with pytest.raises(Rejected) as refusal:
        stage.work(command("grayscale", given))
    assert refusal.value.code == "not_a_picture"
    assert refusal.value.sentence.endswith(f".{end}")


def test_parameters_are_those_of_the_op_and_those_of_the_encoder() -> None:
    stage = Stage("resize", png(64, 32))
    result = stage.work(command("resize", "k", width=16, height=8, format="webp"))
    assert (result["key"], result["content_type"], result["width"], result["height"]) == (
        *("j1/small.webp", "image/webp"),
        *(16, 8),
    )


def test_a_parameter_that_the_op_does_not_take_is_refused_by_name() -> None:
    stage = Stage("grayscale", png())
    with pytest.raises(Rejected) as refusal:
        stage.work(command("grayscale", "k", format=3))
    assert refusal.value.code == "invalid_params"
    assert refusal.value.sentence.startswith("grayscale: ")


def test_a_value_is_given_as_it_is_and_its_result_kept_as_it_is() -> None:
    work = Work(load_op(OPS, "reverse"), ValueSource(), in_ledger)
    assert work(command("reverse", "abc")) == "cba"
    refusing = Work(load_op(OPS, "sum"), ValueSource(), in_ledger)
    with pytest.raises(Rejected) as refusal:
        refusing(command("sum", [1e308, 1e308]))
    assert "The file is from" not in refusal.value.sentence


def test_every_result_with_fields_carries_the_warnings_about_its_file() -> None:
    class Stored(msgspec.Struct):
        warnings: list[ResultWarning]

    stored = Stored([ResultWarning(code="data_missing", message="The last rows are missing.")])
    sent, shown = command("info", "k"), {"code": "data_missing", "message": "The last rows are missing."}
    assert in_ledger(sent, lambda _: {"width": 4}, stored, {}) == {"width": 4, "warnings": [shown]}
    assert in_ledger(sent, lambda _: 4, stored, {}) == 4
    assert in_ledger(sent, lambda _: {"width": 4}, "text", {}) == {"width": 4}


def test_an_op_gets_only_the_parameters_that_it_declares() -> None:
    def times(text: str, *, count: int = 2) -> str:
        return text * count

    assert call(times, "a", {"count": 3, "format": "png"}) == "aaa"
    assert call(times, "a", {}) == "aa"
