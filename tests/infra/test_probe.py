"""One file is one op: what it adds to the deployment, and that nobody else has to know its name."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.infra.synthesis import OPS, of_type, synthesise
from umbel_core.catalogue import read_ops

PROBE = '''"""A louder text."""

from umbel_core.op import op


@op(concurrency=2)
def probe(text: str) -> str:
    """Say it louder."""
    return text.upper()
'''
CARRIERS = {"umbel-api", "umbel-coordinator", "umbel-sockets", "umbel-ticker"}
"""The functions that carry the catalogue: the others know nothing of ops."""
NAMES = "|".join(sorted(path.stem for path in OPS.glob("[a-z]*.py")))


@pytest.fixture(scope="module")
def with_probe(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    ops = tmp_path_factory.mktemp("functions") / "ops"
    shutil.copytree(OPS, ops, ignore=shutil.ignore_patterns("__pycache__"))
    (ops / "probe.py").write_text(PROBE)
    assert set(read_ops(ops)) - set(read_ops(OPS)) == {"probe"}
    return synthesise("local", ops)


def test_one_more_file_is_one_more_lane(with_probe: dict[str, Any]) -> None:
    before, after = synthesise("local")["Resources"], with_probe["Resources"]
    added = {name for name in set(after) - set(before) if after[name]["Type"] != "AWS::ApiGateway::Deployment"}
    assert {after[name]["Type"] for name in added} == {
        *("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::SNS::Subscription", "AWS::CloudWatch::Alarm"),
        *("AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::Logs::LogGroup"),
        *("AWS::IAM::Role", "AWS::IAM::Policy"),
    }
    names = {one.get("FunctionName") for one in of_type(with_probe, "AWS::Lambda::Function").values()}
    assert "umbel-op-probe" in names
    elsewhere = [name for name in added if "Laneprobe" not in name and "UmbelLaneprobe" not in name]
    assert all("probe" in name.lower() for name in elsewhere), elsewhere


def test_one_more_file_changes_nothing_but_who_carries_the_catalogue(with_probe: dict[str, Any]) -> None:
    before, after = synthesise("local")["Resources"], with_probe["Resources"]
    changed = {name for name in set(after) & set(before) if after[name] != before[name]}
    functions = {after[name]["Properties"].get("FunctionName") for name in changed if "Code" in str(after[name])}
    policies = {name for name in changed if after[name]["Type"] == "AWS::IAM::Policy"}
    assert functions == CARRIERS
    # The dead-letter function may read one more queue; a stage names the API's deployment, whose digest changes; the
    # custom resource of the web app gets the list of ops.
    assert {re.sub("Function.*", "", name) for name in policies} <= {"DeadLetters"}
    others = changed - policies - {name for name in changed if "Code" in str(after[name])}
    assert {after[name]["Type"] for name in others} <= {"AWS::ApiGateway::Stage", "Custom::WebApp"}


NAMING = ("op.py", "openapi_examples.py", "schema.d.ts", "openapi.py", "asyncapi.py")
"""The API's reference shows real ops, the front end's types are generated with its examples as comments, and `info` is
a word of OpenAPI, and `describe` a function of `umbel_core.op`.
"""


def test_no_other_file_names_an_op() -> None:
    pattern = re.compile(rf"""["'`/]({NAMES})["'`]|ops\.({NAMES})\b""")
    roots = [Path(root) for root in ("infra", "layers", "functions", "umbel", "frontend/src")]
    files = [path for root in roots for path in root.rglob("*") if path.suffix in {".py", ".ts", ".tsx", ".toml"}]
    naming = {
        f"{path}:{number}: {line.strip()}"
        for path in files
        if OPS.name not in path.parts and "__pycache__" not in path.parts and ".test." not in path.name
        if path.name not in NAMING
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line) and "className=" not in line
    }
    assert not naming
