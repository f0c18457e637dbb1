"""Fixtures of the infrastructure's tests."""

from typing import Any

import msgspec
import pytest

import infra.app  # noqa: F401 - first: it puts Node, and what infra builds from, on the path
from infra.settings import Settings
from tests.infra.synthesis import synthesise
from umbel_core.settings import Limits


@pytest.fixture(scope="session", params=["aws", "local", "aws, each setting at its maximum"])
def template(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The template, once for each target, and once with the largest numbers that the settings take."""
    target, _, at_maximum = request.param.partition(",")
    return synthesise(target, **(_largest() if at_maximum else {}))


def _largest() -> dict[str, str]:
    """Return the upper bound of each setting that is a number."""
    fields = [field for one in (Settings, Limits) for field in msgspec.inspect.type_info(one).fields]  # type: ignore[attr-defined]
    bounds = [(field.name, getattr(getattr(field.type, "type", field.type), "le", None)) for field in fields]
    found = {name: str(bound) for name, bound in bounds if bound is not None}
    assert found.keys() == {
        "coordinators",
        "retention_days",
        "live_tasks",
        "max_tasks",
        "max_pixels",
        "max_upload_bytes",
    }
    return found
