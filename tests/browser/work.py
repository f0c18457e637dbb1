"""A person's ways about the page, for the tests of every kind of work."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

Shoot = Callable[[Page, str], None]


def enter(page: Page, door: str, **query: str) -> None:
    """Open the page, at `query`, and wait until it is live."""
    address, _, token = door.partition("#")
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    page.goto(f"{address}?{asked}#{token}")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")


def ended(page: Page, status: str) -> Locator:
    """The head of the job that is shown, once it stands so."""
    head = page.get_by_test_id("job-head")
    expect(head).to_have_attribute("data-status", status)
    return head


def job_of(page: Page) -> str:
    """The id of the job that is shown."""
    return str(page.get_by_test_id("job-head").get_attribute("data-job"))
