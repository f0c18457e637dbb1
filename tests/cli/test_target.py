"""Tests of which deployment a command uses: the local one, or AWS when that is requested."""

import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner

from umbel import cli, engine, lifecycle, stack, target
from umbel.aws import AwsTarget
from umbel.errors import NotRunningError, UmbelError
from umbel.transport import Transport

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-north-1"}
OURS = "http://127.0.0.1:4571"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Set variables with AWS credentials and delete all variables that name a target."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("AWS_", "UMBEL_TARGET", "LOCALSTACK_HOST"))]:
        monkeypatch.delenv(name)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    yield monkeypatch
    monkeypatch.undo()
    os.environ.clear()
    os.environ.update(before)


class _Running:
    """A running engine of this checkout."""

    endpoint, port, persist = OURS, 4571, False


def _run_one(shell: pytest.MonkeyPatch, *, runs: bool = True) -> None:
    shell.setattr(engine, "running", lambda: _Running() if runs else None)


def test_the_shells_aws_account_is_not_used_when_the_engine_has_ended(shell: pytest.MonkeyPatch) -> None:
    _run_one(shell, runs=False)
    with pytest.raises(NotRunningError, match="--aws"):
        target.resolve()


@pytest.mark.parametrize("command", [name for section in cli.COMMANDS.values() for name in section])
def test_no_command_calls_aws_unless_asked(shell: pytest.MonkeyPatch, command: str) -> None:
    _run_one(shell, runs=False)
    shell.setattr(AwsTarget, "client", lambda *_: pytest.fail("a client of AWS was made"))
    arguments = {"token": ["list"], "watch": ["j1"], "job": ["j1"], "cancel": ["j1"], "retry": ["j1"]}
    inputs = {"run": ["upper", "a"], "crawl": ["http://a.example"], "scale": ["blur", "1"], "redrive": ["blur"]}
    if command in {"up", "down", "doctor", "upload", "batch"}:
        return
    answer = CliRunner().invoke(cli.umbel, [command, *arguments.get(command, inputs.get(command, []))])
    assert isinstance(answer.exception, NotRunningError)


@pytest.mark.parametrize("way", [["jobs", "--aws"], ["--aws", "jobs"], ["jobs", "--profile", "default"]])
def test_aws_is_the_target_when_the_command_says_so(shell: pytest.MonkeyPatch, way: list[str]) -> None:
    _run_one(shell)
    shell.delenv("AWS_ACCESS_KEY_ID")
    shell.setattr(AwsTarget, "has_credentials", False)
    answer = CliRunner().invoke(cli.umbel, way)
    assert "no AWS credentials" in str(answer.exception)


@pytest.mark.parametrize(
    ("variables", "runs", "endpoint"),
    [
        ({}, True, OURS),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4999"}, True, OURS),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4999/"}, False, "http://127.0.0.1:4999"),
        ({"LOCALSTACK_HOST": "stack.example"}, False, "http://stack.example:4566"),
        ({"UMBEL_TARGET": "local", "AWS_ENDPOINT_URL": "http://127.0.0.1:4999"}, True, OURS),
        ({"UMBEL_TARGET": "http://stack.example:4566/"}, True, "http://stack.example:4566"),
        ({"UMBEL_TARGET": "aws"}, True, None),
        ({"UMBEL_TARGET": "AWS"}, False, None),
    ],
)
def test_the_target_is_the_requested_one_else_our_engine_else_the_named_endpoint(
    shell: pytest.MonkeyPatch, variables: dict[str, str], runs: bool, endpoint: str | None
) -> None:
    _run_one(shell, runs=runs)
    for name, value in variables.items():
        shell.setenv(name, value)
    assert target.resolve() == AwsTarget(endpoint)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_DYNAMODB"])
def test_a_variable_that_names_an_endpoint_outside_aws_is_refused(shell: pytest.MonkeyPatch, name: str) -> None:
    shell.setenv("UMBEL_TARGET", "aws")
    shell.setenv(name, "http://minio.example:9000")
    with pytest.raises(UmbelError, match=rf"{name} names http://minio.example:9000, which is not AWS"):
        target.resolve()


@pytest.mark.parametrize(
    "config",
    [
        "[profile minio]\nregion = eu-north-1\nendpoint_url = http://minio.example:9000\n",
        "[profile minio]\nregion = eu-north-1\nservices = s\n[services s]\ns3 =\n  endpoint_url = http://minio.example:9000\n",
    ],
    ids=["endpoint", "services"],
)
def test_a_profile_that_names_an_endpoint_outside_aws_is_refused(
    shell: pytest.MonkeyPatch, tmp_path: Path, config: str
) -> None:
    file = tmp_path / "config"
    file.write_text(config)
    for name, value in {"AWS_CONFIG_FILE": str(file), "AWS_PROFILE": "minio", "UMBEL_TARGET": "aws"}.items():
        shell.setenv(name, value)
    with pytest.raises(UmbelError, match=r"names http://minio\.example:9000 for [a-z0-9]+, which is not AWS"):
        target.resolve()


def test_down_refuses_to_stop_aws(shell: pytest.MonkeyPatch) -> None:
    shell.setenv("UMBEL_TARGET", "aws")
    with pytest.raises(UmbelError, match="umbel down is for this machine"):
        lifecycle.down(now=True)


def test_a_token_is_only_sent_to_the_endpoint_that_it_was_created_for(shell: pytest.MonkeyPatch) -> None:
    made = stack.SavedState(fingerprint="", outputs={}, token="umb_ours", endpoint=OURS)
    shell.setattr(stack, "load_state", lambda: made)
    names = ("ApiId", "ApiStage", "ApiUrl", "SocketApiId", "SocketStage", "SocketUrl", "WebUrl", "WebBucket")
    tables = ("UploadsBucket", "ResultsBucket", "LedgerTable", "TokensTable")
    outputs = dict.fromkeys((*names, *tables), "x")
    _run_one(shell, runs=False)
    shell.setattr(stack, "_socket_url", lambda *_: "")
    assert stack.deployment(AwsTarget(OURS), outputs).token == "umb_ours"
    assert stack.deployment(AwsTarget("http://stack.example:4566"), outputs).token is None
    assert stack.deployment(AwsTarget(OURS), outputs).sockets_table is None, "as of a deployment by an earlier version"


def test_a_variable_that_names_an_endpoint_of_aws_is_allowed(shell: pytest.MonkeyPatch) -> None:
    shell.setenv("UMBEL_TARGET", "aws")
    shell.setenv("AWS_ENDPOINT_URL_STS", "https://vpce-1.sts.eu-north-1.vpce.amazonaws.com")
    assert target.resolve() == AwsTarget()


def test_the_error_for_an_unknown_target_lists_the_possible_ones(shell: pytest.MonkeyPatch) -> None:
    shell.setenv("UMBEL_TARGET", "prod")
    with pytest.raises(UmbelError, match="UMBEL_TARGET is 'prod'; it takes local, aws"):
        target.resolve()


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "UMBEL_TARGET"])
def test_the_error_for_a_dead_endpoint_names_the_variable_with_it(shell: pytest.MonkeyPatch, name: str) -> None:
    _run_one(shell, runs=False)
    shell.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(UmbelError, match=rf"at http://127.0.0.1:9, which {name} names"):
        stack.find()


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_out_of_range_is_refused(shell: pytest.MonkeyPatch, port: str) -> None:
    shell.setenv("UMBEL_PORT", port)
    with pytest.raises(UmbelError, match=f"UMBEL_PORT is '{port}'"):
        target.requested_port()


def test_a_command_that_changes_aws_prints_the_account_and_region_first(
    shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.setattr(AwsTarget, "account", "123456789012")
    shell.setattr(stack, "outputs", lambda _: None)
    with pytest.raises(UmbelError, match="not deployed"):
        stack.find(AwsTarget(), changing=True)
    assert capsys.readouterr().err == "AWS account 123456789012 in eu-north-1\n"


@pytest.mark.parametrize(
    ("local", "asked_for"),
    [(False, "http://api.example/v1/health"), (True, "/_aws/execute-api/a/v1/health")],
    ids=["aws", "local"],
)
def test_the_shells_proxy_is_used_for_aws_and_never_for_an_engine(
    shell: pytest.MonkeyPatch, local: bool, asked_for: str
) -> None:
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        shell.setenv("http_proxy", f"http://me:secret@127.0.0.1:{server.server_port}")
        shell.delenv("no_proxy", raising=False)
        shell.delenv("NO_PROXY", raising=False)
        engine_api = f"http://127.0.0.1:{server.server_port}/_aws/execute-api/a/v1"
        assert Transport(engine_api if local else "http://api.example/v1", None).call(dict, "GET", "health") == {}
        server.shutdown()
    assert asked == [asked_for]
