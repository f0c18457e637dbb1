"""Tests of what `umbel run`, `batch` and `crawl` send, and of their JSON output."""

import _thread
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.client.fake_api import FakeApi, serving
from umbel import Client, stack, watching
from umbel.commands import submit
from umbel.commands.submit import _input, run
from umbel.errors import UmbelError
from umbel.results import whole
from umbel_core.contract import CrawlRequest, HostLimits

_OP = {"summary": "", "returns": "value", "input": {}, "params": {}, "compute": {}, "concurrency": 1, "state": "ready"}
OPS = [
    {"name": name, "takes": takes, "carrier": carrier, **_OP, "input": {"type": kind}}
    for name, takes, carrier, kind in (
        ("reverse", "text", "value", "string"),
        ("sum", "numbers", "value", "array"),
        ("blur", "picture", "file", "string"),
    )
]


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    with serving() as api:
        api.answers["GET /ops"] = (200, {"ops": OPS})
        yield api


@pytest.fixture
def client(fake: FakeApi) -> Client:
    return Client(endpoint=fake.url)


@pytest.mark.parametrize(
    ("op", "text", "sent"),
    [
        ("reverse", "hello", "hello"),
        ("reverse", "123", "123"),
        ("reverse", "null", "null"),
        ("reverse", '"12"', "12"),
        ("sum", "[1, 2]", [1, 2]),
    ],
)
def test_the_input_of_a_text_op_is_always_sent_as_text(client: Client, op: str, text: str, sent: Any) -> None:
    assert _input(client, op, text) == sent


@pytest.mark.parametrize("source", ["https://example.org/a.jpg", "HTTP://example.org/a", "uploads/a.jpg", "inputs/j1"])
def test_a_picture_that_is_not_a_file_is_a_url_or_a_key(client: Client, source: str) -> None:
    assert _input(client, "blur", source) == source


def test_a_picture_in_a_file_is_sent_as_the_file(client: Client, tmp_path: Path) -> None:
    picture = tmp_path / "cat.jpg"
    picture.touch()
    assert _input(client, "blur", str(picture)) == picture


def test_a_picture_that_does_not_exist_is_named_before_anything_is_sent(client: Client) -> None:
    with pytest.raises(UmbelError, match=r"there is no file 'none\.jpg' here"):
        _input(client, "blur", "none.jpg")


def test_a_key_that_ends_in_a_slash_is_called_a_folder(client: Client) -> None:
    with pytest.raises(UmbelError, match="is a folder"):
        _input(client, "blur", "uploads/cat.jpg/")


def test_json_output_has_a_job_and_its_tasks_as_the_api_returns_them(client: Client, fake: FakeApi) -> None:
    job = client.start("reverse", "a", some="param")
    fake.end_some(job.id)
    shown = whole(job.refresh())
    assert {**shown, "tasks": None} == {**shown, **fake.job(job.id), "tasks": None}
    (task,) = shown["tasks"]
    assert (task.input, task.params, task.result) == ("a", {"some": "param"}, "A")


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """Ctrl-C interrupts, as in a terminal; it is ignored where the tests run in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_while_a_job_runs_names_the_job_and_says_how_to_follow_and_to_cancel_it(
    client: Client, fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchanged = fake.answer

    def interrupted(method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method == "GET":
            _thread.interrupt_main()
        return unchanged(method, path, query, body)

    monkeypatch.setattr(fake, "answer", interrupted)
    monkeypatch.setattr(stack, "find", lambda **_: None)
    monkeypatch.setattr(Client, "of", lambda _: client)
    with pytest.raises(UmbelError) as ended:
        run.main(["reverse", "hello"], standalone_mode=False)
    (job_id,) = fake.jobs
    assert ended.value.exit_status == 130
    assert str(ended.value) == (
        f"interrupted, but {job_id} goes on; umbel watch {job_id} follows it, umbel cancel {job_id} cancels it"
    )


def test_ctrl_c_names_all_jobs_that_go_on_and_nothing_when_there_is_none() -> None:
    with pytest.raises(UmbelError, match="2 jobs go on: j1, j2; umbel watch ID"), watching.naming(lambda: ["j1", "j2"]):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), watching.naming(list):
        raise KeyboardInterrupt


@pytest.fixture
def sent(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests that the command line sends, each with its route; none is answered."""
    requests: list[Any] = []

    def record(request: Any, route: str) -> None:
        requests.append((request, route))
        raise UmbelError("only recorded")

    monkeypatch.setattr(client, "submit", record)
    monkeypatch.setattr(stack, "find", lambda **_: None)
    monkeypatch.setattr(Client, "of", lambda _: client)
    return requests


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ("", CrawlRequest(urls=["http://a/"])),
        ("--policy idle --workers 9", CrawlRequest(urls=["http://a/"], policy="idle", workers=9)),
        ("--no-robots --deadline 60", CrawlRequest(urls=["http://a/"], obey_robots=False, deadline_seconds=60)),
        ("--max-in-flight 3", CrawlRequest(urls=["http://a/"], max_in_flight=3)),
        (
            "--per-host 2 --delay 1.5",
            CrawlRequest(urls=["http://a/"], per_host=HostLimits(width=2, delay_seconds=1.5)),
        ),
    ],
)
def test_the_options_of_a_crawl_are_the_fields_of_its_request(
    options: str, request_: CrawlRequest, sent: list[Any]
) -> None:
    CliRunner().invoke(submit.crawl, ["http://a/", *options.split()])
    assert sent == [(request_, "crawls")]


def test_a_batch_may_say_how_many_of_its_tasks_are_in_flight(sent: list[Any], tmp_path: Path) -> None:
    visits = tmp_path / "visits.csv"
    visits.write_text("store_id,image_url\na,http://a/1\n")
    body = {"count": 1, "visits": [{"store_id": "a", "image_url": ["http://a/1"]}]}
    for options in ([], ["--max-in-flight", "3"]):
        CliRunner().invoke(submit.batch, [str(visits), *options])
    assert sent == [(body, "batches"), ({**body, "max_in_flight": 3}, "batches")]
    assert CliRunner().invoke(submit.batch, [str(visits), "--max-in-flight", "0"]).exit_code == 2
