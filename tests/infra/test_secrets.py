"""No secret of whoever deploys gets into what is deployed."""

from pathlib import Path

import pytest

from tests.infra.synthesis import OPS, stack_in

SECRETS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "UMBEL_TOKEN",
    "GITHUB_TOKEN",
    "NPM_TOKEN",
)


@pytest.mark.parametrize("target", ["aws", "local"])
def test_no_variable_of_the_environment_is_in_the_template(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, f"canary-{name}")
    app, stack = stack_in(str(tmp_path), target, OPS)
    app.synth()
    written = {path.name: path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()}
    assert stack.template_file in written
    assert [name for name, text in written.items() if "canary-" in text] == []
