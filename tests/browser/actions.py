"""What a person does on the page, for all browser tests."""

from base64 import b64encode
from collections.abc import Callable

from playwright.sync_api import Page, expect

Screenshot = Callable[[Page, str], None]
DROP = """(files) => {
    const dropped = new DataTransfer();
    for (const { name, type, data } of files) {
        const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
        dropped.items.add(new File([bytes], name, { type }));
    }
    for (const kind of ["dragenter", "dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true }));
    }
}"""
"""Drops files `{name, type, data}` on the page; `data` is base64."""


def enter(page: Page, page_url: str, **query: str) -> None:
    """Open the page with this query, and wait until it is live."""
    url, _, token = page_url.partition("#")
    encoded = "&".join(f"{name}={value}" for name, value in query.items())
    page.goto(f"{url}?{encoded}#{token}")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")


def wait_for_status(page: Page, status: str) -> None:
    """Wait until the job on the page has this status."""
    expect(page.get_by_test_id("job-header")).to_have_attribute("data-status", status)


def job_on(page: Page) -> str:
    """Return the id of the job on the page."""
    return str(page.get_by_test_id("job-header").get_attribute("data-job"))


def drop(page: Page, *files: tuple[str, str, bytes]) -> None:
    """Drop files on the page."""
    page.evaluate(DROP, droppable(*files))


def droppable(*files: tuple[str, str, bytes]) -> list[dict[str, str]]:
    """Return files as `DROP` takes them."""
    return [{"name": name, "type": kind, "data": b64encode(data).decode()} for name, kind, data in files]
