"""The check of every op on real pictures: it notices what it should, and a sample of the pictures passes."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pictures.scene import saved, scene
from tests.trust.corpora import broken, judged, numbers
from tests.trust.corpora_files import Unreachable, pillow_pictures
from tests.trust.corpora_judge import Run, forked
from umbel_core.errors import Rejected

NAMED = ("crash", "timeout", "bomb", "fuzz", "oom")


def _killed() -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _endless() -> bytes:
    time.sleep(60)
    raise AssertionError


def _refused() -> bytes:
    raise Rejected("broken_picture", "It is damaged.")


def _wrong() -> bytes:
    raise KeyError("a bug")


def _noisy() -> bytes:
    os.write(2, b"a line that is not JSON\n")
    return saved(scene(), "JPEG")


def _with_place() -> bytes:
    return saved(scene(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")


def _large() -> bytes:
    return (b"x" * 1_400_000_000)[:0]


@pytest.mark.parametrize(
    ("work", "code", "promise"),
    [
        (_refused, "broken_picture", ""),
        (_killed, "crash", "crash"),
        (_endless, "hang", "hang"),
        (_wrong, "exception", "KeyError"),
        (_noisy, "log", "not JSON"),
        (_with_place, "metadata", "exif"),
        (_large, "completed", "of the lane's memory"),
    ],
)
def test_a_run_that_breaks_a_promise_is_reported(work: Callable[[], bytes], code: str, promise: str) -> None:
    run = forked(Run(file="a.jpg", op="blur"), work, hang_seconds=1 if code == "hang" else 30)
    assert run.code == code
    assert [promise in error for error in broken([run])] == [True] * bool(promise)


def test_the_report_counts_how_the_runs_ended_and_names_the_longest() -> None:
    runs = [Run(file=f"{n}.jpg", op="blur", code="completed", seconds=n, megabytes=177) for n in range(3)]
    assert numbers(runs)["completed"] == 3
    assert numbers(runs)["longest run"] == "2.0 s (blur, 2.jpg)"


def test_every_op_ends_as_promised_on_a_sample_of_real_pictures() -> None:
    """The files whose names say that they broke something, and every fiftieth of the others."""
    try:
        files = pillow_pictures(seconds=20)
    except Unreachable as error:
        pytest.skip(f"Pillow's test pictures cannot be fetched: {error}")
    runs = list(judged(_sample(files)))
    assert len(runs) > 500
    assert not broken(runs)


def _sample(files: list[Path]) -> list[Path]:
    named = [path for path in files if any(word in path.name.partition("~images~")[2] for word in NAMED)]
    return named + files[::50]
