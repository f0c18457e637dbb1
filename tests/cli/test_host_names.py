"""Tests of the host names that other machines use for the local engine, and of the addresses it listens on."""

import io
import os
from pathlib import Path

import pytest
import urllib3

from umbel import engine, host_names, lifecycle, stack
from umbel.aws import AwsTarget
from umbel.errors import UmbelError
from umbel.paths import HOME
from umbel.result_file import ResultFile
from umbel.transport import Transport
from umbel_core.aws.clients import signer
from umbel_core.aws.pictures import S3Results
from umbel_core.contract import Variant

OUTPUTS = {
    **dict.fromkeys(("ApiUrl", "SocketUrl", "WebUrl", "ApiId", "ApiStage", "SocketApiId", "SocketStage"), "x"),
    **dict.fromkeys(("UploadsBucket", "ResultsBucket", "LedgerTable", "TokensTable"), "x"),
    "WebBucket": "web",
}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("devbox", ("devbox",)),
        (" DevBox, 192.168.1.5 ,", ("devbox", "192.168.1.5")),
        ("localhost:8080,0.0.0.0", ("localhost:8080", "0.0.0.0")),
        ("[fd00::5]:8080", ("[fd00::5]:8080",)),
    ],
)
def test_host_names_are_parsed_from_one_line(text: str, names: tuple[str, ...]) -> None:
    assert host_names.parse(text) == names


@pytest.mark.parametrize(
    "text", ["http://devbox", "devbox/", "*", "dev box", "devbox:", "devbox:port", "devbox:65536", "fd00::5", "-c"]
)
def test_a_malformed_host_name_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UmbelError, match="give it as in a URL, devbox or"):
        host_names.parse(text)


@pytest.mark.parametrize(
    ("names", "address"),
    [
        ((), None),
        (("devbox",), "http://devbox:4566"),
        (("devbox:8080", "other"), "http://devbox:8080"),
        (("[fd00::5]",), "http://[fd00::5]:4566"),
        (("0.0.0.0", "localhost"), "http://localhost:4566"),
        (("0.0.0.0",), None),
    ],
)
def test_the_public_url_has_the_first_host(names: tuple[str, ...], address: str | None) -> None:
    assert host_names.public_url(names, 4566) == address


@pytest.mark.parametrize(
    ("names", "addresses"),
    [
        ((), []),
        (("localhost:8080",), []),
        (("127.0.0.1",), []),
        (("devbox",), ["0.0.0.0"]),
        (("localhost", "0.0.0.0"), ["0.0.0.0"]),
        # An IP address that is forwarded to this machine, such as that of a container's host.
        (("203.0.113.7",), ["0.0.0.0"]),
        (("127.0.0.1", "devbox:80"), ["0.0.0.0"]),
    ],
)
def test_only_a_host_name_of_another_machine_adds_addresses_to_listen_on(
    names: tuple[str, ...], addresses: list[str]
) -> None:
    assert host_names.listen_addresses(names) == addresses


def test_without_host_names_the_engine_listens_on_the_loopback_only() -> None:
    variables = engine.environment(4580, persist=False)
    assert (variables["BIND_HOST"], variables["UMBEL_HOSTS"], variables["UMBEL_LISTEN"]) == ("127.0.0.1", "", "")


def test_the_request_filter_gets_the_host_names_without_the_wildcard() -> None:
    variables = engine.environment(4580, persist=False, hosts=("devbox", "0.0.0.0"))
    assert (variables["UMBEL_HOSTS"], variables["UMBEL_LISTEN"]) == ("devbox", "0.0.0.0")


def _running(monkeypatch: pytest.MonkeyPatch, *names: str) -> engine.Engine:
    """Make `engine.running` return this process as the engine that `up` started."""
    ours = engine.Engine(port=4580, pid=os.getpid(), run="run", persist=False, home=str(HOME), hosts=names)
    monkeypatch.setattr(engine, "running", lambda: ours)
    monkeypatch.setattr(engine, "endpoint_from_environment", lambda: None)
    return ours


def test_the_page_has_the_public_url_and_the_apis_a_local_one(monkeypatch: pytest.MonkeyPatch) -> None:
    site = stack.deployment(AwsTarget(_running(monkeypatch, "devbox").endpoint), OUTPUTS)
    assert site.web == "http://devbox:4580/web/index.html"
    assert site.api.startswith("http://127.0.0.1:4580/")
    assert site.socket.startswith("ws://127.0.0.1:4580/")


def test_a_running_engine_cannot_be_given_other_host_names(monkeypatch: pytest.MonkeyPatch) -> None:
    _running(monkeypatch, "devbox")
    monkeypatch.setattr("umbel.toolchain.setup", lambda: None)
    with pytest.raises(UmbelError, match="already runs, reached as devbox: make down first"):
        lifecycle.up(None, persist=False, settings={}, reached_as="other")


@pytest.mark.parametrize(
    ("endpoint", "start"),
    [
        ("http://devbox:4566", "http://devbox:4566/results/job/blur.jpg?"),
        ("http://localhost:8080", "http://localhost:8080/results/job/blur.jpg?"),
        (None, "https://results.s3.amazonaws.com/job/blur.jpg?"),
    ],
)
def test_links_have_the_url_that_browsers_reach(
    monkeypatch: pytest.MonkeyPatch, endpoint: str | None, start: str
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # An earlier test may have set it: `become_local` changes this process's variables.
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert S3Results(signer(endpoint), "results").link("job/blur.jpg").startswith(start)


def test_the_client_downloads_a_link_from_the_local_engine_with_the_signed_host_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def request(self: urllib3.PoolManager, method: str, url: str, **options: dict[str, str]) -> urllib3.HTTPResponse:
        asked.append((url, options["headers"]))
        return urllib3.HTTPResponse(io.BytesIO(), status=200, preload_content=False)

    monkeypatch.setattr(urllib3.PoolManager, "request", request)
    site = stack.deployment(AwsTarget(_running(monkeypatch, "devbox").endpoint), OUTPUTS)
    ResultFile(Transport(site.api, None), Variant(url="http://devbox:4580/results/a.jpg?signed=1")).save(tmp_path / "a")
    aws = Transport("https://api.execute-api.us-east-1.amazonaws.com/v1", None)
    ResultFile(aws, Variant(url="https://results.s3.amazonaws.com/a")).save(tmp_path / "b")
    assert asked == [
        ("http://127.0.0.1:4580/results/a.jpg?signed=1", {"Host": "devbox:4580"}),
        ("https://results.s3.amazonaws.com/a", {}),
    ]
