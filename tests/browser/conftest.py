"""A real Chromium on the deployed page."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.foreign import EVIL
from tests.pipeline.deployment import Deployed
from umbel import browsers

TIMEOUT_MS = 60_000
"""These tests do not measure speed."""
_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    f"--host-resolver-rules=MAP {EVIL} 127.0.0.1",
]
PHOTOS = Path(__file__).parents[1] / "pictures"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start one Chromium for all tests."""
    program = browsers.chromium()
    assert program, "Chromium is missing; run: make browser"
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Open a browser without any stored state."""
    opened = browser.new_context(viewport={"width": 1280, "height": 1080}, reduced_motion="reduce")
    opened.set_default_timeout(TIMEOUT_MS)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Open an empty tab; an uncaught error in the page's code fails the test."""
    errors: list[str] = []
    tab = context.new_page()
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    assert not errors


@pytest.fixture(scope="session")
def page_url(deployed: Deployed, api: object) -> str:
    """Return the URL that `umbel up` prints, with an operator's token in its fragment."""
    return f"{deployed.stack.web}#token={deployed.token('operator')}"


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    """Save a screenshot of the page to the folder in UMBEL_SHOTS, when that is set."""

    def save(page: Page, name: str) -> None:
        if folder := os.environ.get("UMBEL_SHOTS"):
            page.screenshot(path=Path(folder) / f"{name.replace(' ', '-')}.png", animations="disabled")

    return save
