"""Define the paths of the checkout and of `.umbel` in it, which has all files that set-up and runs create."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

HOME = Path(os.environ.get("UMBEL_HOME") or ROOT / ".umbel").resolve()
"""The folder of a running Umbel's files; all of it can be deleted. With different values of the variable `UMBEL_HOME`
two Umbels can run from one checkout."""

RUN = HOME / "run"
"""Files that exist between `up` and `down`: the engine's record, its state, its temporary files."""

SCRATCH = RUN / "tmp"
"""The working folder of the engine, and the temporary folder of every process that we start."""

DATA = HOME / "data"
"""The snapshots of `up --persist`, and files that were moved aside because they could not be used."""

LOGS = HOME / "logs"
"""The output of the last set-up and the last `up`. `down` does not delete it, so that people can find out why."""

TOOLS = ROOT / ".umbel"
"""The tools that set-up installs. They belong to the checkout, whatever `UMBEL_HOME` says."""


def version() -> str:
    """Return the project's version from pyproject.toml.

    Package metadata has none: the project is not installed, so that the checkout can be moved.
    """
    import tomllib  # noqa: PLC0415 - `umbel --help` needs none

    with (ROOT / "pyproject.toml").open("rb") as text:
        return str(tomllib.load(text)["project"]["version"])
