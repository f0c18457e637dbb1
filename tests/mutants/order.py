"""A pytest plugin for mutants: most of them fail a quick test, so the property tests come last."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the tests with generated examples to the end."""
    items.sort(key=lambda item: item.get_closest_marker("hypothesis") is not None)
