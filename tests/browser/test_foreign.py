"""A page of another origin cannot use the local engine, in a real Chromium and a real Firefox; Umbel's own page can."""

import json
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
import urllib3
from playwright.sync_api import Browser

from tests.browser.actions import DROP, droppable
from tests.browser.conftest import PHOTOS, TIMEOUT_MS
from tests.browser.firefox import Firefox, firefox
from tests.browser.foreign import ATTACKS, EVIL, FETCHED, PICTURED, SENT, foreign
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.test_closed import function_request, functions
from tests.pipeline.waiting import wait_for
from umbel import browsers

pytestmark = [pytest.mark.engine, pytest.mark.browser]

_TEXT = "() => document.body.innerText"
_LIVE = "() => document.querySelector('[data-testid=connection]')?.dataset.state === 'live'"
_PICTURES = """(name) => {
    const cards = [...document.querySelectorAll("[data-testid=picture]")];
    const card = cards.find((one) => one.innerText.includes(name));
    const images = [...(card?.querySelectorAll("[data-testid=variant] img") ?? [])];
    for (const image of images) image.scrollIntoView();
    return images.filter((image) => image.naturalWidth).length === 4;
}"""
_OWN = """async (engine, body) => {
    const headers = { "Content-Type": "text/plain" };
    return (await fetch(`${engine}/2015-03-31/functions`, { method: "POST", headers, body })).status;
}"""


class Tab(Protocol):
    """One tab of either browser."""

    def open(self, url: str) -> None:
        """Open a URL as if a person had typed it."""

    def run(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function in the page."""

    def wait_for(self, function: str, what: str, *arguments: Any) -> Any:
        """Return the result of the function as soon as it is true."""


class Chromium:
    """One tab of the Chromium that all browser tests share."""

    def __init__(self, browser: Browser) -> None:
        self._page = browser.new_page()
        self._page.set_default_timeout(TIMEOUT_MS)

    def open(self, url: str) -> None:
        """Open a URL as if a person had typed it."""
        self._page.goto(url)

    def run(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function in the page."""
        return self._page.evaluate(f"(given) => ({function})(...given)", list(arguments))

    def wait_for(self, function: str, what: str, *arguments: Any) -> Any:
        """Return the result of the function as soon as it is true."""
        return wait_for(lambda: self.run(function, *arguments), what)

    def close(self) -> None:
        """Close the tab."""
        self._page.close()


@pytest.fixture(scope="module")
def fox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """Start one Firefox for these tests."""
    program = browsers.firefox()
    assert program, "Firefox is missing; run: make browser, or install it (Debian: sudo apt-get install firefox-esr)"
    with firefox(program, tmp_path_factory.mktemp("firefox"), local_names=(EVIL,)) as started:
        yield started


@pytest.fixture(params=["chromium", "firefox"])
def tab(request: pytest.FixtureRequest) -> Iterator[Tab]:
    """Open a tab in each browser."""
    if request.param == "firefox":
        yield request.getfixturevalue("fox")
        return
    opened = Chromium(request.getfixturevalue("browser"))
    yield opened
    opened.close()


@pytest.fixture
def engine(deployed: Deployed) -> Iterator[str]:
    """Return the engine's URL; what an attack created there is deleted before and after the test."""
    _clear(deployed)
    yield str(deployed.stack.endpoint)
    _clear(deployed)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", EVIL])
def test_a_page_of_another_origin_cannot_use_the_engine(
    tab: Tab, deployed: Deployed, api: ApiClient, engine: str, name: str
) -> None:
    socket = f"{deployed.stack.socket}?token={api.token}"
    request = json.loads(function_request())
    with foreign() as port:
        tab.open(f"http://{name}:{port}/")
        outcomes = tab.run(ATTACKS, engine, socket, request, [FETCHED, SENT, PICTURED])
        # A typed URL that redirects to the engine: browsers mark the request as one that a person made.
        tab.open(f"http://{name}:{port}/?to={engine}/?Action=CreateQueue&QueueName={PICTURED}")
        assert "Refused" in tab.run(_TEXT)
    assert outcomes["fetch that reads"] == outcomes["fetch that asks first"] == "TypeError"
    assert outcomes["picture"] == outcomes["socket"] == "error"
    assert not {FETCHED, SENT} & set(functions(deployed))
    assert not _queues(deployed)


def test_the_same_requests_work_from_the_own_page(tab: Tab, deployed: Deployed, engine: str, page_url: str) -> None:
    tab.open(page_url)
    tab.wait_for(_LIVE, "the page to be live")
    assert tab.run(_OWN, engine, function_request(FETCHED).decode()) == 201
    assert FETCHED in functions(deployed)
    assert urllib3.request("GET", f"{engine}/?Action=CreateQueue&QueueName={PICTURED}").status == 200
    assert _queues(deployed)


def test_another_host_name_for_this_machine_is_refused(tab: Tab, deployed: Deployed) -> None:
    for path in ("/_localstack/health", "/2015-03-31/functions", deployed.stack.web.split("/", 3)[3]):
        tab.open(f"http://{EVIL}:{deployed.port}/{path.lstrip('/')}")
        text = tab.run(_TEXT)
        assert f"Refused: the Host {EVIL}" in text
        assert "press Enter" in text


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_own_page_opens_and_finishes_an_upload(tab: Tab, deployed: Deployed, page_url: str, name: str) -> None:
    tab.open(page_url.replace("127.0.0.1", name))
    tab.wait_for(_LIVE, "the page to be live")
    called = f"own {type(tab).__name__} {name}.jpg"
    tab.run(DROP, droppable((called, "image/jpeg", (PHOTOS / "coffee.jpg").read_bytes())))
    tab.wait_for(_PICTURES, "four variants to be seen", called)
    assert tab.run("() => location.host") == f"127.0.0.1:{deployed.port}"


def _queues(deployed: Deployed) -> list[str]:
    return list(deployed.sqs.list_queues(QueueNamePrefix=PICTURED).get("QueueUrls", ()))


def _clear(deployed: Deployed) -> None:
    for name in {FETCHED, SENT} & set(functions(deployed)):
        deployed.client("lambda").delete_function(FunctionName=name)
    for url in _queues(deployed):
        deployed.sqs.delete_queue(QueueUrl=url)
