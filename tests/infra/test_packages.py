"""An op's own packages: found in the lock file, in a layer of its lane, within Lambda's limit."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra import function, packages
from infra.bundle import BundleError, packages_layer
from infra.packages import packages_of
from infra.target import AWS
from tests.infra.synthesis import OPS, named, of_type, synthesise
from umbel_core.catalogue import read_ops
from umbel_core.op import OpDeclarationError

PROBE = '''"""A module of a QR code, counted."""

import segno

from umbel_core.op import op


@op(needs=("segno",))
def probe(text: str) -> int:
    """Count the modules of the text's QR code."""
    return len(segno.make(text).matrix)
'''
NEEDS = re.compile(r"needs=\(.*?\)")


def with_probe(folder: Path, source: str) -> Path:
    """A copy of the ops, and one more."""
    ops = folder / "ops"
    shutil.copytree(OPS, ops, ignore=shutil.ignore_patterns("__pycache__"))
    (ops / "probe.py").write_text(source)
    return ops


def resolved(tmp_path: Path, source: str, *layers: str) -> tuple[str, ...]:
    ops = with_probe(tmp_path, source)
    return packages_of(read_ops(ops)["probe"], ops / "probe.py", ("core", *layers))


def layers_of_lane(template: dict[str, Any], op: str) -> list[str]:
    (lane,) = (
        one
        for one in of_type(template, "AWS::Lambda::Function").values()
        if one.get("FunctionName") == f"umbel-op-{op}"
    )
    return [named(layer) for layer in lane["Layers"]]


def test_an_op_with_a_package_of_its_own_is_one_file_and_adds_one_lane(tmp_path: Path) -> None:
    """The layer is there already, for the op of this repository that needs the same package: the two share it."""
    before, after = synthesise("local"), synthesise("local", with_probe(tmp_path, PROBE))
    added = {name for name in set(after["Resources"]) - set(before["Resources"]) if "Deployment" not in name}
    assert [name for name in added if "probe" not in name.lower()] == []
    core, packages_of_probe = layers_of_lane(after, "probe")
    assert core.startswith("CoreLayer")
    assert packages_of_probe in layers_of_lane(after, "qr")


def test_a_package_that_no_other_op_needs_adds_one_layer_to_the_template(tmp_path: Path) -> None:
    source = NEEDS.sub('needs=("markupsafe",)', PROBE.replace("import segno\n", "import markupsafe\n"))
    before, after = synthesise("local"), synthesise("local", with_probe(tmp_path, source))
    added = set(of_type(after, "AWS::Lambda::LayerVersion")) - set(of_type(before, "AWS::Lambda::LayerVersion"))
    assert len(added) == 1
    assert added <= set(layers_of_lane(after, "probe"))
    for op in read_ops(OPS):
        assert layers_of_lane(after, op) == layers_of_lane(before, op)


def test_a_layer_of_packages_is_made_for_the_target_with_all_that_they_depend_on(tmp_path: Path) -> None:
    source = NEEDS.sub('needs=("werkzeug",)', PROBE.replace("import segno\n", "import werkzeug\n"))
    needed = resolved(tmp_path, source)
    assert needed == ("markupsafe", "werkzeug")
    made = packages_layer(needed, AWS) / "python"
    assert (made / "werkzeug" / "__init__.py").exists()
    assert [path.name for path in (made / "markupsafe").glob("*.so")] == ["_speedups.cpython-313-aarch64-linux-gnu.so"]


def test_what_the_lanes_other_layers_have_is_not_packed_again(tmp_path: Path) -> None:
    both = NEEDS.sub('needs=("pillow", "segno")', PROBE)
    assert resolved(tmp_path / "a", both, "imaging") == ("segno",)
    assert resolved(tmp_path / "b", both) == ("pillow", "segno")
    assert resolved(tmp_path / "c", NEEDS.sub('needs=("boto3",)', PROBE.replace("import segno\n", ""))) == ()


def test_a_package_that_is_not_locked_is_refused_with_the_command_that_adds_it(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as error:
        resolved(tmp_path, NEEDS.sub('needs=("segnoo",)', PROBE))
    assert str(error.value) == (
        "probe.py: needs 'segnoo', which is not in uv.lock; did you mean 'segno'? If not, add it: "
        ".venv/bin/uv add --no-sync --group ops segnoo, then make setup"
    )


def test_an_import_that_only_the_lane_would_miss_is_refused_with_what_to_say(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"probe.py imports segno.*: declare @op\(needs=\('segno',\)\)"):
        resolved(tmp_path, NEEDS.sub("memory_mb=256", PROBE))
    with pytest.raises(BundleError, match=r"probe.py imports PIL.*: declare @op\(needs=\('pillow',\)\)"):
        resolved(tmp_path / "other", PROBE.replace("import segno\n", "import segno\nfrom PIL import Image\n"))


def test_a_module_that_is_not_here_is_refused_with_the_command_that_adds_its_package(tmp_path: Path) -> None:
    with pytest.raises(
        OpDeclarationError, match=r"there is no module 'nowhere' here; .*uv add .*--group ops <package>"
    ):
        resolved(tmp_path, PROBE.replace("import segno", "import nowhere"))


@pytest.mark.parametrize("needs", ['("Segno",)', '("segno==1",)', '("",)'])
def test_a_package_is_named_as_the_lock_file_names_it(tmp_path: Path, needs: str) -> None:
    with pytest.raises(OpDeclarationError, match="needs"):
        resolved(tmp_path, PROBE.replace('("segno",)', needs))


def test_packages_that_do_not_fit_are_refused_with_the_room_that_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function, "size", lambda folder: 200 * 1024**2 if "packages" in folder.name else 30 * 1024**2)
    with pytest.raises(BundleError) as error:
        synthesise("local", with_probe(tmp_path, PROBE))
    assert str(error.value) == (
        "umbel-op-probe: its packages (segno) take 210 MB unpacked, and Lambda has room for 199 MB beside its code "
        "and its other layers; need fewer packages"
    )


def test_extras_and_what_they_bring_are_followed() -> None:
    lock = packages._lock()
    owner, extra = next((name, extra) for name, extras in lock.items() for extra in extras if extra)
    plain = packages._closure([{"name": owner}])
    assert plain < packages._closure([{"name": owner, "extra": [extra]}])
