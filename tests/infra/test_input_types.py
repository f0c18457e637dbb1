"""One entry is one input type: an op that takes it is deployed, checked and run, and no other file knows its name."""

import base64
import io
import re
import shutil
import wave
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.lanes import layers_of
from tests.fakes import FakeBucket
from tests.infra.synthesis import OPS, of_type, synthesise
from umbel.commands.submit import _input
from umbel_core.catalogue import Catalogue, load_op, read_ops
from umbel_core.errors import Rejected
from umbel_core.input_types import INPUT_TYPES, InputType
from umbel_core.messages import RunTask
from umbel_core.settings import Limits
from umbel_core.submission import read_submission
from worker.work import FileSource, Work, in_ledger

SOUND = InputType(
    name="sound",
    title="Sound",
    recognises=lambda annotation: annotation is bytes,
    carrier="file",
    media_types=("audio/wav",),
)
PROBE = '''"""How long a sound lasts."""

import io
import wave

from umbel_core.op import op


@op()
def probe(sound: bytes) -> float:
    """Return the sound's length in seconds."""
    with wave.open(io.BytesIO(sound)) as file:
        return file.getnframes() / file.getframerate()
'''


@pytest.fixture
def ops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ops and one that takes the new type, while the table has it."""
    monkeypatch.setattr("umbel_core.input_types.INPUT_TYPES", [SOUND, *INPUT_TYPES])
    folder = tmp_path / "ops"
    shutil.copytree(OPS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "probe.py").write_text(PROBE)
    return folder


@pytest.fixture
def catalogue(ops: Path) -> Catalogue:
    """The catalogue as functions load it."""
    packed = ops.parent / "catalogue.json"
    packed.write_bytes(read_ops(ops).dump())
    return Catalogue.load(packed)


def sound(seconds: float) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * round(8000 * seconds))
    return out.getvalue()


def test_an_op_of_the_new_type_gets_a_lane_that_reads_files(ops: Path) -> None:
    template = synthesise("local", ops)
    (lane,) = (
        name
        for name, one in of_type(template, "AWS::Lambda::Function").items()
        if one.get("FunctionName") == "umbel-op-probe"
    )
    policies = [
        policy
        for name, policy in of_type(template, "AWS::IAM::Policy").items()
        if lane.partition("Function")[0] in name
    ]
    assert "s3:GetObject" in str(policies)
    assert layers_of(read_ops(ops)["probe"]) == ("core", "fetching")


def test_uploads_of_the_new_types_files_are_taken(ops: Path) -> None:
    (page,) = of_type(synthesise("local", ops), "Custom::WebApp").values()
    assert "audio/wav" in str(page["config"])


def test_its_card_says_all_that_a_client_needs(catalogue: Catalogue) -> None:
    card = catalogue["probe"]
    assert (card.takes, card.carrier, card.media_types, card.input["title"]) == (
        "sound",
        "file",
        ("audio/wav",),
        "Sound",
    )


def test_its_inputs_are_checked_as_those_of_any_file(catalogue: Catalogue) -> None:
    catalogue.check("probe", "uploads/a.wav", {})
    with pytest.raises(Rejected, match="invalid_input"):
        catalogue.check("probe", 3, {})


def test_it_comes_inside_a_request_and_is_no_task_on_a_value(catalogue: Catalogue) -> None:
    body = {"image_data": base64.b64encode(sound(1)).decode(), "operation": "probe"}
    submission = read_submission(msgspec.json.encode(body), catalogue, Limits())
    assert (submission.picture, submission.specs[0].op) == (sound(1), "probe")
    with pytest.raises(Rejected, match="unknown_type"):
        read_submission(b'{"type": "probe", "payload": "uploads/a.wav"}', catalogue, Limits())


def test_the_worker_gives_the_op_the_files_bytes(ops: Path) -> None:
    uploads, function = FakeBucket(), load_op(ops, "probe")
    uploads.write("uploads/a.wav", sound(1.5))
    source = FileSource(read_ops(ops)["probe"], function, uploads, web=None, limits=Limits())  # type: ignore[arg-type]
    command = RunTask(job_id="j1", index=0, op="probe", variant="probe", input="uploads/a.wav")
    assert Work(function, source, in_ledger)(command) == 1.5


def test_without_the_entry_the_same_annotation_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    assert read_ops(tmp_path)["probe"].takes == "text"


def test_the_command_line_sends_a_file_of_the_new_type(catalogue: Catalogue, tmp_path: Path) -> None:
    class FakeClient:
        """A client of an API that has these ops."""

        def ops(self) -> Any:
            return list(catalogue.values())

    file = tmp_path / "a.wav"
    file.write_bytes(sound(1))
    assert _input(FakeClient(), "probe", str(file)) == file  # type: ignore[arg-type]


def test_no_other_file_asks_for_a_type_by_its_name() -> None:
    """Who asked would be a place that a new type has to be added to."""
    names = "|".join(each.name for each in INPUT_TYPES)
    asks = re.compile(rf"""\.takes\W{{1,4}}(===?|!==?|in\b|not in\b)|\[\w+\.takes\]|input_type\(["']({names})["']\)""")
    roots = [Path(root) for root in ("infra", "layers", "functions", "umbel", "frontend/src")]
    files = [path for root in roots for path in root.rglob("*") if path.suffix in {".py", ".ts", ".tsx"}]
    asking = {
        f"{path}:{number}: {line.strip()}"
        for path in files
        if "__pycache__" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if asks.search(line)
    }
    assert not asking


def test_the_document_on_ops_names_the_one_place_of_a_new_type() -> None:
    section = Path("docs/ops.md").read_text().partition("\n## A new type of input\n")[2].partition("\n## ")[0]
    stated = re.search(r"The number of places you touch to add\s+one is (\d+)", section)
    assert stated
    assert int(stated[1]) == len(re.findall(r"`layers/[\w/.]+`", section)) == 1
