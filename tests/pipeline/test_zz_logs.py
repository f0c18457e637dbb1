"""Every line that the functions wrote during all tests parses; the last file here, since it reads what others left."""

import json

import pytest

from tests.pipeline.deployment import Deployed
from tests.pipeline.logs import log_lines

pytestmark = pytest.mark.engine


def test_every_line_of_every_functions_log_is_one_json_object(deployed: Deployed) -> None:
    lines = list(log_lines(deployed))
    assert lines
    assert [line for line in lines if not _is_json_object(line.text)] == []


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
