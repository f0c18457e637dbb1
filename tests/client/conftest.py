"""A client, and a fake of the API that it calls."""

from collections.abc import Iterator

import pytest

from tests.client.fake_api import FakeApi, serving
from umbel import Client


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    with serving() as api:
        yield api


@pytest.fixture
def client(fake: FakeApi) -> Iterator[Client]:
    """Without a socket: jobs are polled."""
    with Client(endpoint=fake.url, token="umb_test") as client:
        yield client
