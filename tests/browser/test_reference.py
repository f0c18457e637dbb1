"""A person reads the API reference that is a part of the site."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import Screenshot, enter

pytestmark = [pytest.mark.engine, pytest.mark.browser]

DOCUMENT = json.loads(Path("docs/openapi.json").read_text())


def test_the_footer_leads_to_a_reference_of_every_route(page: Page, page_url: str, screenshot: Screenshot) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    enter(page, page_url)
    page.get_by_role("link", name="API reference").click()
    expect(page.get_by_role("heading", name=DOCUMENT["info"]["title"], level=1)).to_be_visible()
    for path, operations in DOCUMENT["paths"].items():
        expect(page.get_by_text(path, exact=True).first).to_be_attached()
        for operation in operations.values():
            if "summary" in operation:
                expect(page.get_by_role("heading", name=operation["summary"]).first).to_be_attached()
    expect(page.get_by_role("link", name="API docs by Redocly")).to_be_attached()
    expect(page.get_by_alt_text("redocly logo")).to_have_count(0)
    assert errors == []
    screenshot(page, "reference")
    expect(page.get_by_role("link", name="WebSocket messages")).to_have_attribute("href", "./asyncapi.json")
    page.get_by_role("link", name="Back to the page").click()
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")


def test_the_footer_leads_to_the_licences(page: Page, page_url: str) -> None:
    enter(page, page_url)
    page.get_by_role("link", name="Licences").click()
    expect(page.get_by_text("SIL OPEN FONT LICENSE").first).to_be_visible()
