"""The deployed API answers as its OpenAPI document says; one of the last files, since it leaves jobs of chance."""

import pytest

from tests.fuzz import examples_for, fuzz, generated
from tests.pipeline.api import ApiClient

CALLS = 500
"""`make trust` sends ten times as many."""

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def test_generated_calls_get_no_undocumented_answer(api: ApiClient) -> None:
    run = fuzz(api, examples_for(api, CALLS), "examples,fuzzing,stateful")
    assert run.returncode == 0, run.stdout[-5000:]
    assert generated(run.stdout) >= CALLS
