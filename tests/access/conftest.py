"""One deployment whose roles and bucket policies are enforced, for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.access.secured import Secured, deployment
from tests.fetching.server import Site
from tests.pipeline.api import ApiClient


@pytest.fixture(scope="package")
def secured(web: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Deploy the stack with every role enforced."""
    with deployment(tmp_path_factory.mktemp("secured"), allowed=web.place) as deployed:
        yield deployed


@pytest.fixture(scope="package")
def operator(secured: Secured) -> ApiClient:
    """Return a client of its HTTP API with an operator's token."""
    return ApiClient(secured.stack.api, secured.token("operator"))
