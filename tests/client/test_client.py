"""What a program sees of the API: typed records, typed errors, jobs that it can wait for."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

import umbel
from tests.client.fake_api import NOW, FakeApi
from umbel import ApiError, Client, Job, JobMessage, TaskMessage, UmbelError, UnreachableError
from umbel_core.contract import Manifest, TaskSpec

ABSENT = f"j{9:020x}"


def test_the_public_names_can_all_be_imported() -> None:
    assert all(getattr(umbel, name).__name__ == name for name in umbel.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nope'"):
        umbel.Nope  # type: ignore[attr-defined]  # noqa: B018 - the access is the test


def test_importing_umbel_imports_nothing_else() -> None:
    import subprocess

    program = "import sys; before = set(sys.modules); import umbel; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == ["umbel"]


def test_a_request_whose_answer_is_lost_is_sent_again_with_the_same_key(client: Client, fake: FakeApi) -> None:
    fake.lost = 2
    job = client.submit(Manifest([TaskSpec("upper", "a")]))
    assert (fake.asked, list(fake.jobs)) == (["POST /jobs"] * 3, [job.id])
    assert len(fake.keys) == 3
    assert len(set(fake.keys)) == 1


def test_every_call_has_a_key_of_its_own_or_the_one_that_is_given(client: Client, fake: FakeApi) -> None:
    manifest = Manifest([TaskSpec("upper", "a")])
    for key in (None, None, "my-key", "my-key"):
        client.submit(manifest, idempotency_key=key)
    assert len(set(fake.keys[:2])) == 2
    assert fake.keys[2:] == ["my-key", "my-key"]


def test_a_read_has_no_key(client: Client, fake: FakeApi) -> None:
    job = client.submit(Manifest([TaskSpec("upper", "a")]))
    job.refresh()
    assert len(fake.keys) == 1


def test_a_refusal_carries_code_message_path_and_status(client: Client, fake: FakeApi) -> None:
    error = {
        "code": "invalid_params",
        "message": "radius must be a number, not 'abc'.",
        "path": "/tasks/0/params/radius",
    }
    fake.answers["POST /jobs"] = (400, {"error": error})
    with pytest.raises(ApiError) as raised:
        client.run("blur", "uploads/a.jpg", radius="abc")
    refused = raised.value
    assert (refused.code, refused.message, refused.path, refused.status) == (*error.values(), 400)
    assert str(refused) == error["message"]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, {"message": "Forbidden"}, "this needs a token with the right"),
        (401, {"error": {"code": "unauthorized", "message": "This token has expired."}}, "This token has expired."),
        (502, {"message": "Internal server error"}, "answered 502: Internal server error$"),
        (504, b"<html>", "answered 504$"),
        (404, b"<html>", "answered 404, which is not an answer of Umbel: check the URL of the API"),
    ],
)
def test_what_api_gateway_answers_itself_is_a_sentence(
    client: Client, fake: FakeApi, monkeypatch: pytest.MonkeyPatch, status: int, body: Any, said: str
) -> None:
    monkeypatch.delenv("UMBEL_TOKEN", raising=False)
    fake.answers["GET /ops"] = (status, body)
    with pytest.raises(ApiError, match=said) as raised:
        client.ops()
    assert raised.value.status == status


@pytest.mark.parametrize("url", ["", "example.org", "ftp://example.org", "http://"])
def test_an_endpoint_that_is_no_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(UmbelError, match=f"'{url}' is not the URL of an API"):
        Client(endpoint=url)


def test_a_wrong_token_that_the_program_passes_is_not_taken_for_that_of_the_environment(
    fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMBEL_TOKEN", "umb_of_the_environment")
    fake.answers["GET /ops"] = (401, {"error": {"code": "unauthorized", "message": "Send a header."}})
    with Client(endpoint=fake.url, token="umb_wrong") as client, pytest.raises(ApiError) as raised:
        client.ops()
    assert str(raised.value) == "Send a header."


def test_an_api_that_does_not_answer_is_named() -> None:
    with (
        Client(endpoint="http://127.0.0.1:9") as client,
        pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:9 does not answer"),
    ):
        client.health()


def test_fields_of_a_later_version_are_let_pass(client: Client, fake: FakeApi) -> None:
    fake.answers["GET /health"] = (200, {"status": "ok", "ops": {"blur": "ready"}, "a_field_to_come": 1})
    assert client.health().ops == {"blur": "ready"}


def test_an_answer_of_another_version_says_what_to_do(client: Client, fake: FakeApi) -> None:
    fake.answers["GET /health"] = (200, {"status": "excellent"})
    with pytest.raises(UmbelError, match="of another version than this client"):
        client.health()


def test_a_job_is_read_at_its_first_use(client: Client, fake: FakeApi) -> None:
    job = client.submit(Manifest([TaskSpec("upper", "a")]))
    assert fake.asked == ["POST /jobs"]
    assert (job.status, job.counts.total, job.ended) == ("running", 1, False)
    assert fake.asked == ["POST /jobs", f"GET /jobs/{job.id}"]


def test_a_job_that_is_not_there_is_an_error_at_once(client: Client) -> None:
    with pytest.raises(ApiError) as raised:
        client.job(ABSENT)
    assert (raised.value.code, raised.value.status) == ("no_such_job", 404)
    with pytest.raises(ApiError):
        next(client.watch(ABSENT))


def test_waiting_takes_no_longer_than_its_timeout(client: Client) -> None:
    job = client.submit(Manifest([TaskSpec("upper", "a")]))
    with pytest.raises(TimeoutError, match=f"{job.id} has not ended within 0.1 s"):
        job.wait(timeout=0.1)


def test_watching_an_ended_job_gives_its_tasks_and_then_the_job(client: Client, fake: FakeApi) -> None:
    job = client.submit(Manifest([TaskSpec("upper", word) for word in "abc"]))
    fake.end_some(job.id)
    *tasks, last = client.watch(job)
    assert [message.task.result for message in tasks if isinstance(message, TaskMessage)] == ["A", "B", "C"]
    assert isinstance(last, JobMessage)
    assert (last.job.status, job.status) == ("completed", "completed")


def test_jobs_are_listed_page_by_page_up_to_the_limit(client: Client, fake: FakeApi) -> None:
    record = {"id": ABSENT, "kind": "upload", "name": "cat.jpg", "created_at": NOW, "updated_at": NOW}
    fake.answers["GET /jobs"] = (200, {"jobs": [record] * 2, "cursor": "more"})
    found = list(client.jobs(limit=4))
    assert [type(job) for job in found] == [Job] * 4
    assert fake.asked == ["GET /jobs"] * 2


def test_an_empty_page_with_a_cursor_does_not_end_a_list(client: Client) -> None:
    record = {"id": ABSENT, "kind": "upload", "name": "cat.jpg", "created_at": NOW, "updated_at": NOW}
    pages = iter([{"jobs": [], "cursor": "more"}, {"jobs": [record], "cursor": None}])
    client.http.call = lambda page, *_, **__: msgspec.convert(next(pages), page)  # type: ignore[method-assign]
    assert [job.id for job in client.jobs(status="failed")] == [ABSENT]


def test_an_upload_whose_file_is_not_there_is_an_os_error(client: Client, fake: FakeApi, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client.upload(tmp_path / "cat.jpg")
    assert not fake.asked
