"""Two stacks in one account: no physical name is in both."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.infra.synthesis import OPS, stack_in
from umbel import stack, stack_name
from umbel.errors import UmbelError

_NAMES = {
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::ApiGatewayV2::Api": "Name",
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig.Name",
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig.Name",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}
"""Where a resource of each type has the name that must be unique in its account, or in its account and region."""
_NAMELESS = {
    *("AWS::CloudWatch::Alarm", "AWS::CloudFront::Distribution", "AWS::DynamoDB::Table", "AWS::Events::Rule"),
    *("AWS::IAM::Role", "AWS::S3::Bucket", "AWS::CloudFormation::Stack"),
}
"""CloudFormation invents a name for each, which begins with the stack's."""
_GLOBAL = {"AWS::CloudFront::OriginAccessControl", "AWS::CloudFront::ResponseHeadersPolicy"}


def resources(name: str) -> list[dict[str, Any]]:
    """The resources of the stack of this name, those of its nested stacks included."""
    with TemporaryDirectory() as out:
        app, _ = stack_in(out, "aws", OPS, name)
        app.synth()
        files = [json.loads(file.read_text()) for file in Path(out).glob("*.template.json")]
    return [resource for template in files for resource in template["Resources"].values()]


def physical_names(found: list[dict[str, Any]], kinds: set[str]) -> Iterator[str]:
    for resource in found:
        if resource["Type"] not in kinds:
            continue
        value: Any = resource.get("Properties", {})
        for part in _NAMES[resource["Type"]].split("."):
            value = value.get(part, {})
        # The function of the CDK's own has none.
        if value:
            yield json.dumps(value)


@pytest.fixture(scope="module")
def two() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The resources of two stacks."""
    return resources("umbel"), resources("staging")


def test_two_stacks_of_one_region_have_no_name_in_common(two: tuple[list[Any], list[Any]]) -> None:
    first, second = (set(physical_names(found, set(_NAMES))) for found in two)
    assert len(first) > 100
    assert not first & second
    assert {name for name in first if '"umbel-' not in name and "/umbel-" not in name} == {'"umbel"'}
    assert {name for name in second if "staging" not in name} == set()


def test_nothing_has_a_name_that_no_test_compares(two: tuple[list[Any], list[Any]]) -> None:
    for resource in two[0]:
        named = {key for key in resource.get("Properties", {}) if key.endswith("Name")}
        if resource["Type"] in _NAMELESS:
            assert not named - {"MetricName"}, resource["Type"]
    exports = [one for one in two[0] if "Export" in one]
    assert not exports


def test_a_name_that_is_unique_in_the_whole_account_has_the_region_in_it(two: tuple[list[Any], list[Any]]) -> None:
    for found in two:
        names = list(physical_names(found, _GLOBAL))
        assert len(names) == 3
        assert all('{"Ref": "AWS::Region"}' in name for name in names)


@pytest.mark.parametrize(
    ("variable", "context", "name"),
    [(None, None, "umbel"), (None, "staging", "staging"), ("mine", "staging", "mine"), ("", "staging", "staging")],
)
def test_the_name_is_that_of_the_shell_else_that_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, context: str | None, name: str
) -> None:
    monkeypatch.delenv(stack_name.VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(stack_name.VARIABLE, variable)
    assert stack_name.chosen({"name": context}) == name


@pytest.mark.parametrize("name", ["umbel-two", "Umbel", "umbel2", "a" * 21, "../x"])
def test_a_name_that_another_stacks_patterns_could_match_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(stack_name.VARIABLE, raising=False)
    with pytest.raises(UmbelError, match=r"the setting 'name' is '.*'; .* letters"):
        stack_name.chosen({"name": name})


def test_each_stack_of_one_engine_has_its_own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stack, "RUN", tmp_path)
    for name in ("umbel", "staging"):
        monkeypatch.setenv(stack_name.VARIABLE, name)
        stack.save_state(stack.SavedState(fingerprint="", outputs={}, token=name))
    for name in ("umbel", "staging"):
        monkeypatch.setenv(stack_name.VARIABLE, name)
        found = stack.load_state()
        assert found
        assert found.token == name
    assert stack.names() == ["staging", "umbel"]
