"""A person's ways about the page, for the tests of every kind of work."""

from base64 import b64encode
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

Shoot = Callable[[Page, str], None]
DROP = """(files) => {
    const dropped = new DataTransfer();
    for (const { name, type, data } of files) {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        dropped.items.add(new File([bytes], name, { type }));
    }
    for (const kind of ["dragenter", "dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true }));
    }
}"""
"""Lets files `{name, type, data}` fall on the page, `data` being base64."""


def enter(page: Page, page_url: str, **query: str) -> None:
    """Open the page, at `query`, and wait until it is live."""
    address, _, token = page_url.partition("#")
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    page.goto(f"{address}?{asked}#{token}")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")


def ended(page: Page, status: str) -> Locator:
    """The head of the job that is shown, once it stands so."""
    head = page.get_by_test_id("job-head")
    expect(head).to_have_attribute("data-status", status)
    return head


def job_for(page: Page) -> str:
    """The id of the job that is shown."""
    return str(page.get_by_test_id("job-head").get_attribute("data-job"))


def drop(page: Page, *files: tuple[str, str, bytes]) -> None:
    """Let files fall on the page."""
    page.evaluate(DROP, dropped(*files))


def dropped(*files: tuple[str, str, bytes]) -> list[dict[str, str]]:
    """Files as `DROP` takes them."""
    return [{"name": name, "type": kind, "data": b64encode(data).decode()} for name, kind, data in files]
