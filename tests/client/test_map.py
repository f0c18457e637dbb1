"""`Client.map`: ordered results of any number of inputs, in bounded memory."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.client.fake_api import FakeApi
from umbel import Client, TaskError
from umbel_core.contract.limits import MAX_REQUEST_BYTES


def test_results_come_in_the_order_of_the_inputs_across_jobs_and_pages(client: Client, fake: FakeApi) -> None:
    words = [f"word {number}" for number in range(1234)]
    assert list(client.map("upper", words)) == [word.upper() for word in words]
    assert len(fake.jobs) == 5
    assert not fake.cancelled


def test_no_inputs_are_no_job(client: Client, fake: FakeApi) -> None:
    assert list(client.map("upper", [])) == []
    assert not fake.asked


def test_inputs_are_read_as_results_are_taken(client: Client, fake: FakeApi) -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield f"word {read}"

    results = client.map("upper", endless())
    assert next(results) == "WORD 1"
    assert len(fake.jobs) == 8
    assert read <= 8 * 250 + 1
    results.close()
    assert set(fake.cancelled) == set(fake.jobs)


def test_a_failed_task_raises_at_its_place_and_what_is_in_flight_is_cancelled(client: Client, fake: FakeApi) -> None:
    results = client.map("upper", ["a", "bad", "c"])
    assert next(results) == "A"
    with pytest.raises(TaskError, match=r"bad is bad\.") as raised:
        next(results)
    assert raised.value.code == "invalid_input"
    assert raised.value.task is not None
    assert raised.value.task.input == "bad"
    assert fake.cancelled == list(fake.jobs)


def test_an_error_can_stand_in_the_place_of_a_result(client: Client) -> None:
    first, error, last = client.map("upper", ["a", "bad", "c"], on_error="return")
    assert (first, last) == ("A", "C")
    assert isinstance(error, TaskError)


def test_a_deployment_that_takes_fewer_tasks_in_a_job_is_sent_fewer(client: Client, fake: FakeApi) -> None:
    fake.max_tasks = 100
    words = [f"word {number}" for number in range(300)]
    assert list(client.map("upper", words)) == [word.upper() for word in words]
    assert max(map(len, fake.jobs.values())) <= 100
    refused = fake.asked.count("POST /jobs") - len(fake.jobs)
    assert refused == 2, "what was learned at the first job holds for those after it"


def test_large_inputs_are_spread_over_requests(client: Client, fake: FakeApi) -> None:
    large = "x" * 30_000
    assert list(client.map("upper", [large] * 100)) == [large.upper()] * 100
    assert max(map(len, fake.jobs.values())) * len(large) < MAX_REQUEST_BYTES


def test_a_job_that_could_not_be_planned_says_why(client: Client, fake: FakeApi) -> None:
    job_id = fake.submit([])
    error = {"code": "not_planned", "message": "The coordinator gave up."}
    fake.status[job_id] = "failed"
    fake.answers["POST /jobs"] = (202, {"job_id": job_id, "status": "pending"})
    fake.answers[f"GET /jobs/{job_id}"] = (200, {**fake.job(job_id), "errors": [error]})
    with pytest.raises(TaskError, match="The coordinator gave up") as raised:
        client.run("upper", "a")
    assert (raised.value.code, raised.value.task) == ("not_planned", None)


def test_ctrl_c_while_a_job_is_sent_cancels_the_job_whose_id_has_not_arrived(
    client: Client, fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, keys = client.http.start, []

    def interrupted(*arguments: Any) -> Any:
        answer = start(*arguments)
        keys.append(arguments[-1])
        if len(keys) == 2:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(client.http, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(client.map("upper", ["word"] * 1500))
    assert keys[1] == keys[2] != keys[0]
    assert len(fake.jobs) == 2
    assert set(fake.cancelled) == set(fake.jobs)
