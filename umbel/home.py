"""Where things lie: the checkout, and `.umbel` in it, which holds everything that set-up and running leave behind."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

HOME = Path(os.environ.get("UMBEL_HOME") or ROOT / ".umbel").resolve()
"""Everything in it can be deleted. `UMBEL_HOME` moves it, so that two Umbels can run from one checkout."""

RUN = HOME / "run"
"""What lives between `up` and `down`: the engine's record, its state, its temporary files."""

SCRATCH = RUN / "tmp"
"""The working folder of the engine, and the temporary folder of everything that we start."""

DATA = HOME / "data"
"""The snapshots that `up --persist` keeps, and what was moved aside because it could not be used."""

LOGS = HOME / "logs"
"""The output of the last set-up and the last `up`; small, and kept by `down` for those who ask why."""

TOOLS = ROOT / ".umbel"
"""Tools belong to the checkout, wherever `UMBEL_HOME` points."""


def version() -> str:
    """Return the project's version. It is not installed as a package, so that the checkout can be moved."""
    import tomllib  # noqa: PLC0415 - `umbel --help` needs none

    with (ROOT / "pyproject.toml").open("rb") as text:
        return str(tomllib.load(text)["project"]["version"])
