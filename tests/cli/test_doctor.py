"""Tests of `umbel doctor`: each check passes, or names the error and the fix."""

import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from umbel import checks, cli, report, toolchain
from umbel.checks import Finding
from umbel.errors import UmbelError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete proxy and mirror variables, so that a test sets those that it needs."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or "INDEX" in name or name.lower().startswith("npm_config"):
            monkeypatch.delenv(name)


def _found(subject: str) -> Finding:
    return next(finding for finding in checks.before_setup() if finding.subject == subject)


def test_this_machine_passes_all_checks() -> None:
    checks.raise_if_unfit()


def test_every_failed_check_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    _break_everything(monkeypatch)
    errors = [finding for finding in checks.before_setup() if not finding.good]
    assert {error.subject for error in errors} >= {"checkout", "disk", "clock", "files", "proxy"}
    assert all(error.advice for error in errors)


def test_set_up_reports_all_failed_checks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _break_everything(monkeypatch)
    with pytest.raises(UmbelError) as caught:
        checks.raise_if_unfit()
    text = f"{caught.value.detail}\n{caught.value}"
    assert "cannot be written" in text
    assert "GB are needed" in text
    assert "names no host" in text


def _break_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10_000_000}))
    monkeypatch.setattr("time.time", lambda: 86_400.0)
    monkeypatch.setattr("resource.getrlimit", lambda _: (64, 64))
    monkeypatch.setenv("HTTPS_PROXY", "http://:3128")


@pytest.mark.parametrize(
    ("name", "value", "subject", "part"),
    [
        ("HTTPS_PROXY", "http://me:secret@proxy.example:3128", "proxy", "proxy.example"),
        ("UV_DEFAULT_INDEX", "https://me:secret@mirror.example/simple", "mirror", "mirror.example"),
        ("npm_config_registry", "https://mirror.example/npm", "mirror", "mirror.example"),
        ("AWS_PROFILE", "work", "aws", "AWS_PROFILE"),
        ("AWS_ENDPOINT_URL_S3", "http://minio.example", "aws", "AWS_ENDPOINT_URL_S3"),
        ("NODE_ENV", "production", "variables", "NODE_ENV"),
        ("PYTHONOPTIMIZE", "2", "variables", "PYTHONOPTIMIZE"),
        ("HOME", "/dev/null/home", "home", "caches go into"),
    ],
)
def test_variables_of_the_shell_are_named_without_their_secrets(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, subject: str, part: str
) -> None:
    monkeypatch.setenv(name, value)
    finding = _found(subject)
    assert finding.good
    assert part in finding.sentence
    assert "secret" not in finding.sentence


def test_the_umask_is_reported_and_not_changed() -> None:
    before = os.umask(0o077)
    try:
        assert _found("umask").sentence.startswith("077")
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)


def test_a_loopback_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> socket.socket:
        raise OSError(99, "Cannot assign requested address")

    monkeypatch.setattr(socket, "create_server", refused)
    finding = _found("loopback")
    assert not finding.good
    assert "Cannot assign requested address" in finding.sentence


def test_doctor_says_in_one_line_that_aws_was_not_checked() -> None:
    shown = CliRunner().invoke(cli.umbel, ["doctor"])
    assert [line.split(maxsplit=2) for line in shown.output.splitlines() if "AWS" in line.split()[:2]] == [
        ["–", "AWS", "was not checked: umbel doctor --aws"]
    ]


def test_doctor_before_the_set_up_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    toolchain.look()
    assert capsys.readouterr().out.splitlines()[-1].split(maxsplit=2) == [
        "–",
        "AWS",
        "was not checked: umbel doctor --aws",
    ]


SECRETS = {
    "umb_Cjlt4JxdKjWMH1D-acNfCaDDGvEK": "http://127.0.0.1/#token=umb_Cjlt4JxdKjWMH1D-acNfCaDDGvEK",
    "AKIAIOSFODNN7EXAMPLE": "key AKIAIOSFODNN7EXAMPLE",
    "hunter2": "npm_config__auth=hunter2",
    "s3cr3t": "https://me:s3cr3t@mirror.example/simple",
    "abcdef": "Authorization: Bearer abcdef",
    "123456789012": "arn:aws:iam::123456789012:user/ann",
    "ann@example.com": "from ann@example.com",
    socket.gethostname(): f"on {socket.gethostname()}",
    str(Path.home()): f"in {Path.home()}/umbel",
}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_report_has_no_secrets_and_no_names(secret: str) -> None:
    assert secret not in report.redacted(SECRETS[secret])


def test_a_report_has_the_findings_and_the_ends_of_the_logs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "deploy.log").write_text("\n".join(f"line {number}" for number in range(50)))
    monkeypatch.setattr(report, "LOGS", tmp_path)
    monkeypatch.setenv("NODE_ENV", "production")
    text = report.text([Finding("disk", False, "1.0 GB free", ["make room"])])
    assert "BAD  disk" in text
    assert "make room" in text
    assert "NODE_ENV" in text
    assert "production" not in text
    assert "line 49" in text
    assert "line 1\n" not in text


def test_a_checkout_in_a_folder_with_a_colon_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ROOT", Path("/home/ann/a:b"))
    finding = checks._checkout()
    assert not finding.good
    assert "has a ':' in it" in finding.sentence


def test_a_lock_is_reported_unless_this_process_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checks, "HOME", tmp_path)
    monkeypatch.setattr(checks, "RUN", tmp_path / "run")
    for holder, findings in ((f"make look (process {os.getpid()})", 0), ("make up (process 1)", 1)):
        (tmp_path / "lock").write_text(holder)
        assert len(list(checks._leftovers())) == findings
