"""Tests of the client on the deployed stack: every call, with the typed answers and errors of the real API."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.fetching.server import Site
from tests.pipeline.deployment import Deployed
from tests.pipeline.waiting import wait_for
from umbel import ApiError, Client, JobMessage, NotRunningError, ResultFile, TaskError, TaskMessage, Visit

pytestmark = pytest.mark.engine
PHOTO = Path(__file__).parents[1] / "pictures" / "cat.jpg"


@pytest.fixture(scope="module")
def here(deployed: Deployed) -> Iterator[Client]:
    """The client that a program in the checkout gets."""
    with Client() as client:
        yield client


def test_a_value_is_the_result_of_an_op_on_a_value(here: Client) -> None:
    assert here.run("reverse", "hello") == "olleh"
    assert here.run("sum", [1, 2, 3.5]) == 6.5


@pytest.mark.parametrize("as_bytes", [False, True], ids=["file", "bytes"])
def test_a_file_is_the_result_of_an_op_that_returns_a_picture(here: Client, as_bytes: bool, tmp_path: Path) -> None:
    made = here.run("thumbnail", PHOTO.read_bytes() if as_bytes else PHOTO, width=64, height=64)
    assert isinstance(made, ResultFile)
    picture = Image.open(BytesIO(made.read()))
    assert (picture.size, picture.format) == ((made.width, made.height), made.format.upper())
    assert max(picture.size) == 64
    saved = made.save(tmp_path / f"small.{made.extension}")
    assert saved.stat().st_size == made.size


def test_pictures_and_values_can_be_mapped(here: Client) -> None:
    sizes = here.map("info", [PHOTO, PHOTO.with_name("coffee.jpg")])
    assert [(size["width"], size["height"]) for size in sizes] == [(451, 300), (600, 400)]


def test_a_refusal_says_which_part_of_the_request_is_wrong(here: Client) -> None:
    with pytest.raises(ApiError) as raised:
        here.run("blur", PHOTO, radius=500)
    assert (raised.value.code, raised.value.status) == ("invalid_params", 400)
    assert (raised.value.path or "").endswith("/radius")
    assert "radius must be" in raised.value.message


def test_what_an_op_refuses_is_an_error_with_its_task(here: Client) -> None:
    with pytest.raises(TaskError) as raised:
        here.run("blur", b"this is no picture")
    assert raised.value.code == "not_a_picture"
    assert raised.value.task
    assert raised.value.task.op == "blur"


def test_a_job_is_uploaded_watched_and_downloaded(here: Client, tmp_path: Path) -> None:
    job = here.upload(PHOTO, recipe="avatar")
    messages = list(here.watch(job))
    ended = {message.task.variant for message in messages if isinstance(message, TaskMessage) and message.task.ended}
    assert ended == set(job.variants) == {"square"}
    assert isinstance(messages[-1], JobMessage)
    assert (job.kind, job.name, job.status, job.counts.completed) == ("upload", "cat.jpg", "completed", 1)
    assert {path.name for path in job.download(tmp_path).values()} == {path.name for path in tmp_path.iterdir()}
    assert here.job(job.id).record == job.refresh().record
    assert job.id in {each.id for each in here.jobs(kind="upload", limit=5)}


def test_without_a_socket_the_end_is_found_by_polling(here: Client) -> None:
    with Client(endpoint=here.http.api, token=here.http.token) as polling:
        *tasks, last = polling.watch(polling.start("upper", "a"))
    assert [message.task.result for message in tasks if isinstance(message, TaskMessage) and message.task.ended] == [
        "A"
    ]
    assert isinstance(last, JobMessage)
    assert last.job.status == "completed"


def test_pages_of_a_crawl_come_one_by_one(here: Client, web: Site) -> None:
    web.files["/one.html"] = b"<title>One</title>"
    pages = {
        page.url: page for page in here.crawl([web.url("/one.html"), web.url("/none.html"), "http://127.0.0.1:1/"])
    }
    assert pages[web.url("/one.html")].title == "One"
    assert pages[web.url("/none.html")].status == 404
    assert (pages["http://127.0.0.1:1/"].status, pages["http://127.0.0.1:1/"].error) == (0, "forbidden_address")


def test_a_crawl_that_is_left_is_cancelled(here: Client, web: Site) -> None:
    pages = here.crawl([web.url(f"/slow?0.2&{number}") for number in range(50)], workers=1)
    next(pages)
    pages.close()
    newest = next(here.jobs(kind="crawl", limit=1))
    assert newest.status == "cancelled"


def test_a_batch_is_retried_after_its_error(here: Client, web: Site) -> None:
    url = web.url("/visit.jpg")
    web.files["/visit.jpg"] = b"no picture"
    job = here.batch([Visit(store_id="S1", image_url=[url], visit_time="2026-01-31T12:00:00Z")]).wait()
    assert (job.status, [error.store_id for error in job.errors]) == ("failed", ["S1"])
    web.files["/visit.jpg"] = PHOTO.read_bytes()
    assert job.retry().wait(60).status == "completed"
    (task,) = job.tasks()
    assert (task.visit_time, task.result["width"]) == ("2026-01-31T12:00:00Z", 451)


def test_ops_are_scaled_and_their_statistics_read(here: Client) -> None:
    before = next(op.concurrency for op in here.ops() if op.name == "wait")
    try:
        assert here.scale("wait", before + 1).concurrency == before + 1
    finally:
        here.scale("wait", before)
    here.run("reverse", "counted")
    wait_for(lambda: here.stats().ops["reverse"].completed >= 1, "the task to be counted")
    assert here.health().ops["reverse"] == "ready"
    assert here.redrive("wait").redriven == 0


def test_a_viewer_may_not_start_anything(deployed: Deployed, here: Client) -> None:
    with (
        Client(endpoint=here.http.api, token=deployed.token("viewer")) as viewer,
        pytest.raises(ApiError) as raised,
    ):
        viewer.run("upper", "a")
    assert (raised.value.code, raised.value.status) == ("forbidden", 403)


def test_an_engine_that_does_not_run_is_an_error_that_says_so() -> None:
    with Client(endpoint="http://127.0.0.1:9/_aws/execute-api/a/v1") as client, pytest.raises(NotRunningError):
        client.ops()
