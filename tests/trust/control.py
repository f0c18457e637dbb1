"""Deploy the workers without the condition of the commit, so that the checker must find tasks that end twice."""

import contextlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.pipeline.deployment import Deployed
from umbel.paths import ROOT

FILE = "python/umbel_core/aws/ledger_moves.py"
BEFORE = '        update = self._task_update(task, changes, cost_nano=changes.pop("cost_nano"))\n'
AFTER = f"""{BEFORE}\
        del update["ConditionExpression"]
        unused = {{":is_pending", ":is_running", ":in_round"}}
        update["ExpressionAttributeValues"] = {{
            name: value for name, value in update["ExpressionAttributeValues"].items() if name not in unused
        }}
        update["ExpressionAttributeNames"] = {{
            name: value for name, value in update["ExpressionAttributeNames"].items() if value in changes
        }}
"""


@contextlib.contextmanager
def without_condition(deployed: Deployed) -> Iterator[None]:
    """Give the functions of all ops a core whose commit has no condition, during the block."""
    lambdas = deployed.client("lambda")
    before = {
        name: [layer["Arn"] for layer in lambdas.get_function_configuration(FunctionName=name)["Layers"]]
        for name in deployed.functions("op-")
    }
    cores = {arn for arns in before.values() for arn in arns if _is_core(lambdas, arn)}
    (core,) = cores
    changed = lambdas.publish_layer_version(LayerName="core-without-condition", Content={"ZipFile": _changed_core()})
    for name, arns in before.items():
        new = [changed["LayerVersionArn"] if arn == core else arn for arn in arns]
        lambdas.update_function_configuration(FunctionName=name, Layers=new)
    try:
        yield
    finally:
        for name, arns in before.items():
            lambdas.update_function_configuration(FunctionName=name, Layers=arns)


def _is_core(lambdas: Any, arn: str) -> bool:
    return "core" in arn.lower() or "core" in str(lambdas.get_layer_version_by_arn(Arn=arn).get("Description", ""))


def _changed_core() -> bytes:
    """Return the newest build of the core layer, with a commit that has no condition."""
    folder = max((ROOT / ".build" / "layers").glob("core-*"), key=lambda path: path.stat().st_mtime)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_dir() or Path(name).match("*ledger_moves*.pyc"):
                continue
            content = path.read_bytes()
            if name == FILE:
                assert BEFORE.encode() in content
                content = content.replace(BEFORE.encode(), AFTER.encode())
            archive.writestr(name, content)
    return file.getvalue()
