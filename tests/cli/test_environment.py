"""What of the caller's environment reaches our own processes and clients."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from umbel import environment
from umbel.aws import Cloud

PASS = {
    "HTTPS_PROXY": "http://proxy.example:3128",
    "no_proxy": "intranet.example",
    "SSL_CERT_FILE": "/etc/ssl/company.pem",
    "NODE_EXTRA_CA_CERTS": "/etc/ssl/company.pem",
    "PIP_INDEX_URL": "https://mirror.example/simple",
    "UV_DEFAULT_INDEX": "https://mirror.example/simple",
    "UV_INDEX_COMPANY_PASSWORD": "secret",
    "npm_config_registry": "https://mirror.example/npm",
    "npm_config_//mirror.example/:_authToken": "secret",
    "LANG": "de_DE.UTF-8",
    "LC_ALL": "C",
    "UMBEL_PORT": "4570",
}
DROP = [
    *("NODE_ENV", "NODE_OPTIONS", "npm_config_omit", "npm_config_production", "npm_config_prefix"),
    *("PIP_USER", "PIP_TARGET", "PIP_REQUIRE_VIRTUALENV", "PIP_PREFIX"),
    *("UV_NO_DEV", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_TARGET", "UV_FROZEN"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "SECRET_OF_SOMEBODY", "LD_PRELOAD"),
]
SERVICES = {"dynamodb": "list_tables", "lambda": "list_functions", "s3": "list_buckets"}
"""Services that the command line speaks to, one of each protocol, with a call that needs nothing."""
VARIABLES = sorted(
    {
        name
        for _, names, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values()
        for name in ([names] if isinstance(names, str) else names or ())
    }
    | {f"AWS_ENDPOINT_URL_{service.upper()}" for service in ("cloudformation", "sqs", "sts", *SERVICES)}
    | {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"}
    | {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "BOTO_CONFIG"}
    | {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"}
)
"""All that botocore reads, by its own table, and what it reads beside that."""

asked: list[tuple[str, int]] = []
"""Every address that this process connects to."""


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        asked.append(arguments[1][:2])
    if event == "socket.getaddrinfo" and arguments[0] not in (None, "127.0.0.1"):
        asked.append((str(arguments[0]), 53))


sys.addaudithook(_listen)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The caller's variables, put back afterwards whatever becomes of them."""
    before = dict(os.environ)
    yield monkeypatch
    monkeypatch.undo()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """The address of something that answers every request with nothing."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_json = "json" in self.headers.get("Content-Type", "") or self.path.startswith("/2015-03-31/")
            answer = b"{}" if is_json else b"<a><b/></a>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("name", PASS)
def test_proxies_certificates_mirrors_and_locale_pass(name: str) -> None:
    assert environment.clean({"HOME": "/", name: PASS[name]})[name] == PASS[name]


@pytest.mark.parametrize("name", DROP)
def test_what_could_change_a_step_does_not_pass(name: str) -> None:
    assert environment.clean({name: "x"}).get(name) != "x"


def test_umbel_pass_names_further_variables() -> None:
    given = {"UMBEL_PASS": "REGISTRY_TOKEN, OTHER", "REGISTRY_TOKEN": "a", "OTHER": "b"}
    assert given.items() <= environment.clean(given).items()


@pytest.mark.parametrize("home", [None, "/dev/null/home", "/proc"])
def test_caches_lie_in_the_checkout_where_home_cannot_be_written(home: str | None) -> None:
    made = environment.clean({"HOME": home} if home else {})
    caches = (made["UV_CACHE_DIR"], made["npm_config_cache"], made["CDK_HOME"], made["XDG_CACHE_HOME"])
    assert all(Path(folder).is_relative_to(environment.TOOLS) for folder in caches)


def test_a_home_that_can_be_written_keeps_its_caches(tmp_path: Path) -> None:
    assert "UV_CACHE_DIR" not in environment.clean({"HOME": str(tmp_path)})


def test_a_local_environment_has_no_proxy_for_the_engine_and_keeps_it_for_downloads() -> None:
    caller = {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "intranet.example"}
    made = environment.for_local("http://stack.example:4566", caller)
    assert made["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert made["NO_PROXY"] == made["no_proxy"] == "intranet.example,127.0.0.1,localhost,::1,stack.example"


def test_a_process_for_aws_keeps_the_callers_own_settings() -> None:
    assert environment.for_aws({"AWS_PROFILE": "work", "NODE_ENV": "production"})["AWS_PROFILE"] == "work"


@pytest.mark.parametrize("name", VARIABLES)
def test_no_variable_of_botocore_sends_a_local_client_elsewhere(
    name: str, shell: pytest.MonkeyPatch, engine: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "config"
    elsewhere.write_text("[default]\nendpoint_url = http://192.0.2.1:9\nproxy = http://192.0.2.1:9\n")
    value = {
        "AWS_CONFIG_FILE": str(elsewhere),
        "AWS_SHARED_CREDENTIALS_FILE": str(elsewhere),
        "AWS_MAX_ATTEMPTS": "many",
        "AWS_CA_BUNDLE": "/nonexistent",
    }.get(name, "true" if "USE_" in name or "IGNORE" in name else "http://192.0.2.1:9")
    shell.setenv(name, value)
    asked.clear()
    for service, call in SERVICES.items():
        # The answers say nothing; where they were asked for is what counts.
        with suppress(BotoCoreError, ClientError, ResponseParserError, KeyError):
            getattr(Cloud(engine).client(service), call)()
    assert len(asked) >= len(SERVICES)
    assert set(asked) == {("127.0.0.1", int(engine.rsplit(":", 1)[1]))}
