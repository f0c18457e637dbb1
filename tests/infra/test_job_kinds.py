"""Three files are a new job kind: its word and struct, its entry in `BODIES` with its reader, and its example."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.docs.reading import ROOT
from umbel_core.catalogue import read_ops
from umbel_core.contract import JobKind
from umbel_core.op import OpDeclarationError
from umbel_core.submission import BODIES

ADDED = {
    "layers/core/umbel_core/contract/requests.py": (
        ('"crawl", "task"]', '"crawl", "task", "poem"]'),
        (
            "class UploadRequest(",
            '''class PoemRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Lines to be turned around."""

    lines: list[str]


class UploadRequest(''',
        ),
    ),
    "layers/core/umbel_core/submission.py": (
        ("    OnError,\n", "    OnError,\n    PoemRequest,\n"),
        (
            "class BodyForm(",
            '''def _poem(request: PoemRequest, catalogue: Catalogue, limits: Limits) -> Submission:
    """One task a line."""
    return Submission(kind="poem", name="poem", specs=[TaskSpec(op="reverse", input=line) for line in request.lines])


class BodyForm(''',
        ),
        (
            '    "crawl": BodyForm(',
            """    "poem": BodyForm(PoemRequest, ("lines",), _poem, "/poems", "Start a poem."),
    "crawl": BodyForm(""",
        ),
    ),
    "infra/openapi_examples.py": (
        (
            "    ScaleRequest: ScaleRequest(8)",
            """    contract.requests.PoemRequest: contract.requests.PoemRequest(lines=["rose"]),
    ScaleRequest: ScaleRequest(8)""",
        ),
        ("from umbel_core.contract import (", "from umbel_core import contract\nfrom umbel_core.contract import ("),
    ),
}
"""File -> the texts that are replaced in it."""
ASK = """
import json, sys
sys.path[:0] = sys.argv[1:]
import msgspec
from infra.openapi import document
from umbel_core.catalogue import Catalogue
from umbel_core.contract import Job
from umbel_core.settings import Limits
from umbel_core.submission import read_submission

submission = read_submission(b'{"lines": ["rose", "is"]}', Catalogue([]), Limits())
job = {"id": "j" + 20 * "0", "kind": "poem", "name": "", "created_at": "", "updated_at": ""}
print(json.dumps({
    "kind": submission.kind,
    "inputs": [spec.input for spec in submission.specs],
    "job": msgspec.convert(job, Job).kind,
    "document": document("1", Limits()),
}))
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a copy of the code does when it has one kind more."""
    copy = tmp_path_factory.mktemp("copy")
    for folder in ("layers", "functions", "infra", "umbel"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name, replacements in ADDED.items():
        text = (copy / name).read_text()
        for old, new in replacements:
            assert text.count(old) == 1, f"{name}: {old}"
            text = text.replace(old, new)
        (copy / name).write_text(text)
    path = [str(copy / folder) for folder in ("", "functions", "layers/core", "layers/fetching", "layers/imaging")]
    ran = subprocess.run([sys.executable, "-I", "-c", ASK, *path], check=True, capture_output=True, text=True, cwd=copy)
    return json.loads(ran.stdout)


def test_a_body_of_the_new_kind_is_read(added: Any) -> None:
    assert (added["kind"], added["inputs"], added["job"]) == ("poem", ["rose", "is"], "poem")


def test_the_new_kind_has_its_call_and_is_taken_by_the_call_for_all(added: Any) -> None:
    paths = added["document"]["paths"]
    call = paths["/poems"]["post"]
    assert (call["operationId"], call["summary"], call["tags"]) == ("post_poem", "Start a poem", ["jobs"])
    reference = {"$ref": "#/components/schemas/PoemRequest"}
    assert call["requestBody"]["content"]["application/json"]["schema"] == reference
    assert reference in paths["/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    assert call["responses"]["202"] == paths["/jobs"]["post"]["responses"]["202"]


def test_jobs_are_listed_by_the_new_kind(added: Any) -> None:
    (kind,) = (each for each in added["document"]["paths"]["/jobs"]["get"]["parameters"] if each["name"] == "kind")
    assert "poem" in kind["schema"]["enum"]


def test_all_kinds_but_the_upload_have_a_body() -> None:
    assert set(BODIES) == set(get_args(JobKind)) - {"upload"}


def test_an_op_that_serves_no_kind_of_job_is_refused_with_the_kinds(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(
        'from umbel_core.op import op\n\n\n@op(serves="bach")\ndef probe(text: str) -> str:\n    """Say."""\n'
        "    return text\n"
    )
    with pytest.raises(OpDeclarationError, match=r"^probe\.py: serves 'bach', which is no kind of job; the kinds are"):
        read_ops(tmp_path)


def test_the_document_on_ops_names_the_files_of_a_new_kind() -> None:
    text = (ROOT / "docs" / "ops.md").read_text()
    _, _, section = text.partition("\n## A new kind of job\n")
    section = section.partition("\n## ")[0]
    stated = re.search(r"The number of files you touch to add one is (\d+)", section)
    assert stated
    assert int(stated[1]) == len(ADDED)
    assert set(re.findall(r"`((?:layers|infra)/[\w/.]+)`", section)) == set(ADDED)
