"""Fixtures of the infrastructure's tests."""

from typing import Any

import pytest

import infra.app  # noqa: F401 - first: it puts Node, and what infra builds from, on the path
from tests.infra.synthesis import synthesise


@pytest.fixture(scope="session", params=["aws", "local"])
def template(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The template, once for each target."""
    return synthesise(request.param)
