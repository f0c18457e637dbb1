"""A worker's pictures from the web: which answers of a host may be different next time."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from umbel_core.errors import Rejected, Transient
from umbel_core.settings import Limits
from worker.web import Web


def web(answer: Any) -> Web:
    """Return a worker's web whose fetcher gives this answer, or raises it."""

    def fetch(*_: Any, **__: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    made = Web(Limits(), cast("Any", None))
    made.__dict__["fetcher"] = SimpleNamespace(fetch=fetch)
    return made


def refusal(answer: Any) -> Rejected:
    with pytest.raises(Rejected) as error:
        web(answer).picture("http://shop.example/a.jpg", 5)
    return error.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, Transient), (500, Transient), (503, Transient), (404, Rejected), (403, Rejected), (499, Rejected)],
)
def test_too_many_requests_and_errors_of_the_server_are_transient(status: int, kind: type[Rejected]) -> None:
    error = refusal(SimpleNamespace(status=status, body=b""))
    assert (type(error), error.code) == (kind, "no_such_picture")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("dead_host", Transient),
        ("timed_out", Transient),
        ("bad_answer", Transient),
        ("circuit_open", Rejected),
        ("forbidden_address", Rejected),
    ],
)
def test_a_fetch_that_failed_on_the_way_is_transient_and_a_refused_one_is_not(code: str, kind: type[Rejected]) -> None:
    error = refusal(Rejected(code, "No."))
    assert (type(error), error.code) == (kind, code)


def test_an_empty_file_is_refused() -> None:
    assert refusal(SimpleNamespace(status=200, body=b"")).code == "empty_file"


def test_a_pictures_bytes_are_returned() -> None:
    assert web(SimpleNamespace(status=200, body=b"pixels")).picture("http://shop.example/a.jpg", 5) == b"pixels"
