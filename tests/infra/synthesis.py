"""The stack, synthesised in this process as `cdk synth` would."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aws_cdk import App, NestedStack, Validations
from cdk_nag import AwsSolutionsChecks

from infra.function import FUNCTIONS
from infra.settings import read_settings
from infra.stack import Umbel
from infra.target import read_target

OPS = FUNCTIONS / "ops"
CONTEXT = json.loads(Path("cdk.json").read_text())["context"]
UNSTAGED = {"aws:cdk:disable-asset-staging": True}
"""Asset hashes are the same; only the copies are saved."""


@cache
def templates(target: str, ops: Path = OPS, **context: str) -> dict[str, dict[str, Any]]:
    """The template of the stack for a target, by "", and those of its nested stacks, by their logical ids in it."""
    with TemporaryDirectory() as out:
        app, stack = stack_in(out, target, ops, **context)
        app.synth()
        nested = [child for child in stack.node.children if isinstance(child, NestedStack)]
        files = {str(stack.resolve(each.nested_stack_resource.ref)["Ref"]): each.template_file for each in nested}  # type: ignore[union-attr]
        return {
            name: json.loads(Path(out, file).read_text()) for name, file in {"": stack.template_file, **files}.items()
        }


@cache
def synthesise(target: str, ops: Path = OPS, **context: str) -> dict[str, Any]:
    """The stack and its nested stacks as one template, in which names and references are those of the whole."""
    nested = dict(templates(target, ops, **context))
    whole = nested.pop("")
    resources = {name: one for name, one in whole["Resources"].items() if name not in nested}
    for place, template in nested.items():
        values = whole["Resources"][place]["Properties"].get("Parameters", {})
        for name, resource in template["Resources"].items():
            resources[place + name] = _in_whole(resource, place, template["Resources"], values)
    return whole | {"Resources": resources}


def _in_whole(part: Any, place: str, own: Collection[str], values: Mapping[str, Any]) -> Any:
    """Return a part of a nested stack's template with the references that it has in the whole."""
    match part:
        case {"Ref": name} if name in values:
            return values[name]
        case {"Ref": name} if name in own:
            return {"Ref": place + name}
        case {"Fn::GetAtt": [name, attribute]}:
            return {"Fn::GetAtt": [place + name, attribute]}
        case dict():
            return {
                key: [place + name for name in as_list(value)]
                if key == "DependsOn"
                else _in_whole(value, place, own, values)
                for key, value in part.items()
            }
        case list():
            return [_in_whole(each, place, own, values) for each in part]
        case _:
            return part


@cache
def findings() -> frozenset[tuple[str, str]]:
    """What cdk-nag says about the stack for AWS: (rule, path of the construct)."""
    with TemporaryDirectory() as out:
        app, _ = stack_in(out, "aws", OPS)
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        with suppress(RuntimeError):  # how a validation with findings ends
            app.synth()
        report = json.loads(Path(out, "validation-report.json").read_text())
    return frozenset(
        (violation["ruleName"], construct["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    )


def stack_in(out: str, target: str, ops: Path, name: str = "umbel", **context: Any) -> tuple[App, Umbel]:
    """Return the app that writes the stack into a folder, and the stack."""
    app = App(context={**CONTEXT, **UNSTAGED, **context, "target": target}, outdir=out)
    settings = read_settings(app.node.get_all_context())
    recipes = Path(context.get("recipes", "recipes.toml"))
    return app, Umbel(app, name, read_target(app.node.try_get_context), settings, ops, recipes)


def of_type(template: dict[str, Any], *kinds: str) -> dict[str, dict[str, Any]]:
    """Logical id -> properties of the resources of these types."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] in kinds
    }


def named(reference: Any) -> str:
    """The logical id that a `Ref` or a `Fn::GetAtt` points at."""
    return str(reference["Ref"] if "Ref" in reference else reference["Fn::GetAtt"][0])


def statements(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy of a role: (policy's logical id, statement)."""
    for name, policy in of_type(template, "AWS::IAM::Policy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            yield name, statement


def as_list(value: Any) -> list[Any]:
    """One or many, as policies write them."""
    return value if isinstance(value, list) else [value]
