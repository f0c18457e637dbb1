"""A foreign page in a real Chromium and a real Firefox gets nothing from the local engine; the product's own works."""

import json
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
import urllib3
from playwright.sync_api import Browser

from tests.browser.conftest import PATIENCE, PHOTOS
from tests.browser.firefox import Firefox, firefox
from tests.browser.foreign import ATTEMPTS, EVIL, FETCHED, PICTURED, SENT, foreign
from tests.browser.work import DROP, dropped
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.test_closed import function_request, functions
from tests.pipeline.waiting import wait_for
from umbel import browsers

pytestmark = [pytest.mark.engine, pytest.mark.browser]

_TEXT = "() => document.body.innerText"
_LIVE = "() => document.querySelector('[data-testid=connection]')?.dataset.state === 'live'"
_PICTURES = """(name) => {
    const plates = [...document.querySelectorAll("[data-testid=picture]")];
    const plate = plates.find((one) => one.innerText.includes(name));
    const images = [...(plate?.querySelectorAll("[data-testid=variant] img") ?? [])];
    for (const image of images) image.scrollIntoView();
    return images.filter((image) => image.naturalWidth).length === 4;
}"""
_OWN = """async (engine, body) => {
    const headers = { "Content-Type": "text/plain" };
    return (await fetch(`${engine}/2015-03-31/functions`, { method: "POST", headers, body })).status;
}"""


class Tab(Protocol):
    """One tab of either browser."""

    def open(self, address: str) -> None:
        """Open an address as a person who types it."""

    def run(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function in the page."""

    def wait_for(self, function: str, what: str, *arguments: Any) -> Any:
        """What the function gives as soon as that is true."""


class Chromium:
    """One tab of the Chromium that all browser tests share."""

    def __init__(self, browser: Browser) -> None:
        self._page = browser.new_page()
        self._page.set_default_timeout(PATIENCE)

    def open(self, address: str) -> None:
        """Open an address as a person who types it."""
        self._page.goto(address)

    def run(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function in the page."""
        return self._page.evaluate(f"(given) => ({function})(...given)", list(arguments))

    def wait_for(self, function: str, what: str, *arguments: Any) -> Any:
        """What the function gives as soon as that is true."""
        return wait_for(lambda: self.run(function, *arguments), what)

    def close(self) -> None:
        """Close the tab."""
        self._page.close()


@pytest.fixture(scope="module")
def fox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """One Firefox for these tests."""
    program = browsers.firefox()
    assert program, "no Firefox here: make browser, or install it (Debian: sudo apt-get install firefox-esr)"
    with firefox(program, tmp_path_factory.mktemp("firefox"), local_names=(EVIL,)) as started:
        yield started


@pytest.fixture(params=["chromium", "firefox"])
def tab(request: pytest.FixtureRequest) -> Iterator[Tab]:
    """A tab of each browser."""
    if request.param == "firefox":
        yield request.getfixturevalue("fox")
        return
    opened = Chromium(request.getfixturevalue("browser"))
    yield opened
    opened.close()


@pytest.fixture
def engine(deployed: Deployed) -> Iterator[str]:
    """The engine's address; what an attempt left there goes with the test."""
    _clear(deployed)
    yield str(deployed.stack.endpoint)
    _clear(deployed)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", EVIL])
def test_a_foreign_page_gets_nothing(tab: Tab, deployed: Deployed, api: ApiClient, engine: str, name: str) -> None:
    socket = f"{deployed.stack.socket}?token={api.token}"
    request = json.loads(function_request())
    with foreign() as port:
        tab.open(f"http://{name}:{port}/")
        told = tab.run(ATTEMPTS, engine, socket, request, [FETCHED, SENT, PICTURED])
        # Who types the foreign address is sent on: browsers then say that a person asks.
        tab.open(f"http://{name}:{port}/?to={engine}/?Action=CreateQueue&QueueName={PICTURED}")
        assert "Refused" in tab.run(_TEXT)
    assert told["fetch that reads"] == told["fetch that asks first"] == "TypeError"
    assert told["picture"] == told["socket"] == "error"
    assert not {FETCHED, SENT} & set(functions(deployed))
    assert not _queues(deployed)


def test_the_requests_that_a_foreign_page_tries_are_such_as_would_work(
    tab: Tab, deployed: Deployed, engine: str, page_url: str
) -> None:
    tab.open(page_url)
    tab.wait_for(_LIVE, "the page to be live")
    assert tab.run(_OWN, engine, function_request(FETCHED).decode()) == 201
    assert FETCHED in functions(deployed)
    assert urllib3.request("GET", f"{engine}/?Action=CreateQueue&QueueName={PICTURED}").status == 200
    assert _queues(deployed)


def test_a_foreign_name_that_leads_here_shows_a_refusal(tab: Tab, deployed: Deployed) -> None:
    for path in ("/_localstack/health", "/2015-03-31/functions", deployed.stack.web.split("/", 3)[3]):
        tab.open(f"http://{EVIL}:{deployed.port}/{path.lstrip('/')}")
        said = tab.run(_TEXT)
        assert f"Refused: the Host {EVIL}" in said
        assert "press Enter" in said


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_own_page_shows_itself_and_finishes_an_upload(
    tab: Tab, deployed: Deployed, page_url: str, name: str
) -> None:
    tab.open(page_url.replace("127.0.0.1", name))
    tab.wait_for(_LIVE, "the page to be live")
    called = f"own {type(tab).__name__} {name}.jpg"
    tab.run(DROP, dropped((called, "image/jpeg", (PHOTOS / "coffee.jpg").read_bytes())))
    tab.wait_for(_PICTURES, "four variants to be seen", called)
    assert tab.run("() => location.host") == f"127.0.0.1:{deployed.port}"


def _queues(deployed: Deployed) -> list[str]:
    return list(deployed.sqs.list_queues(QueueNamePrefix=PICTURED).get("QueueUrls", ()))


def _clear(deployed: Deployed) -> None:
    for name in {FETCHED, SENT} & set(functions(deployed)):
        deployed.client("lambda").delete_function(FunctionName=name)
    for url in _queues(deployed):
        deployed.sqs.delete_queue(QueueUrl=url)
