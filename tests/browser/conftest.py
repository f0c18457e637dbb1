"""A real Chromium on the deployed page."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.foreign import EVIL
from tests.pipeline.deployment import Deployed
from umbel import browsers

PATIENCE = 60_000
"""Milliseconds; nothing here is about speed."""
_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    f"--host-resolver-rules=MAP {EVIL} 127.0.0.1",
]
PHOTOS = Path(__file__).parents[1] / "pictures"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    program = browsers.chromium()
    assert program, "no Chromium here: make browser"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A person who has never been here."""
    visitor = browser.new_context(viewport={"width": 1280, "height": 1080}, reduced_motion="reduce")
    visitor.set_default_timeout(PATIENCE)
    yield visitor
    visitor.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """An empty tab; a fault in the page's own code fails the test."""
    errors: list[str] = []
    tab = context.new_page()
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    assert not errors


@pytest.fixture(scope="session")
def page_url(deployed: Deployed, api: object) -> str:
    """The web address that `umbel up` prints, with an operator's token in its fragment."""
    return f"{deployed.stack.web}#token={deployed.token('operator')}"


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a picture of the page where UMBEL_SHOTS says."""

    def shot(page: Page, name: str) -> None:
        if folder := os.environ.get("UMBEL_SHOTS"):
            page.screenshot(path=Path(folder) / f"{name.replace(' ', '-')}.png", animations="disabled")

    return shot
