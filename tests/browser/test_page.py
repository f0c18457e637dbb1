"""A person drops pictures on the page and sees their variants appear."""

from collections.abc import Callable
from io import BytesIO
from typing import Literal

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from tests.browser.actions import Screenshot, drop, enter
from tests.browser.conftest import PHOTOS, TIMEOUT_MS
from tests.pipeline.deployment import Deployed

pytestmark = [pytest.mark.engine, pytest.mark.browser]

THREE = ["rocket.jpg", "coffee.jpg", "cat.jpg"]


def _photos(*names: str, prefix: str = "") -> list[tuple[str, str, bytes]]:
    """Return photos to drop, with `prefix` before their names, so that a test finds its own."""
    kinds = {"png": "image/png", "jpg": "image/jpeg"}
    return [(prefix + name, kinds[name.rsplit(".", 1)[1]], (PHOTOS / name).read_bytes()) for name in names]


def _pictures(page: Page, *names: str) -> list[Locator]:
    """Return the newest picture card of each name."""
    cards = page.get_by_test_id("picture")
    return [cards.filter(has=page.get_by_role("heading", name=name, exact=True)).first for name in names]


def _completed(card: Locator) -> Locator:
    return card.locator("[data-testid=variant][data-status=completed]")


def _jobs(page: Page) -> list[str]:
    return [str(card.get_attribute("data-job")) for card in page.get_by_test_id("picture").all()]


def _newest_jobs(page: Page) -> list[str]:
    return _jobs(page)[:20]


def test_three_dropped_photos_become_twelve_variants_without_a_reload(
    page: Page, page_url: str, screenshot: Screenshot
) -> None:
    enter(page, page_url)
    page.evaluate("window.notReloaded = true")
    drop(page, *_photos(*THREE))
    for card in _pictures(page, *THREE):
        expect(_completed(card)).to_have_count(4)
        expect(card).to_have_attribute("data-status", "completed")
        for image in card.locator("[data-testid=variant] img").all():
            image.scroll_into_view_if_needed()
            expect(image).to_have_js_property("complete", value=True)
            assert image.evaluate("image => image.naturalWidth") > 0
    page.evaluate("scrollTo(0, 0)")
    screenshot(page, "desktop")
    page.set_viewport_size({"width": 1400, "height": 600})
    screenshot(page, "desktop wide")
    assert page.evaluate("window.notReloaded")
    assert "token" not in page.url


def test_after_a_reload_nothing_is_missing_or_doubled(page: Page, page_url: str) -> None:
    enter(page, page_url)
    drop(page, *_photos("cat.jpg", "cat-alpha.png", prefix="kept "))
    for card in _pictures(page, "kept cat.jpg", "kept cat-alpha.png"):
        expect(_completed(card)).to_have_count(4)
    before = _newest_jobs(page)
    assert len(set(before)) == len(before)
    shown = page.get_by_test_id("picture").count()
    page.reload()
    for card in _pictures(page, "kept cat.jpg", "kept cat-alpha.png"):
        expect(_completed(card)).to_have_count(4)
    # The list may come in several messages.
    expect(page.get_by_test_id("picture")).to_have_count(shown)
    assert sorted(_newest_jobs(page)) == sorted(before)


def test_after_a_lost_connection_the_page_shows_what_it_missed(
    page: Page, page_url: str, upload: Callable[[str, bytes], None]
) -> None:
    sockets: list[WebSocketRoute] = []

    def forward(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket("**/live*", forward)
    enter(page, page_url)
    # The list of the jobs before comes ahead of the changes of this one.
    drop(page, *_photos("cat.jpg", prefix="before "))
    (card,) = _pictures(page, "before cat.jpg")
    expect(_completed(card)).to_have_count(4)
    before = _jobs(page)
    sockets[-1].close(code=1012, reason="service restart")
    upload("uploads/meanwhile.jpg", (PHOTOS / "rocket.jpg").read_bytes())
    (card,) = _pictures(page, "meanwhile.jpg")
    expect(_completed(card)).to_have_count(4)
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")
    assert len(sockets) > 1
    expect(page.get_by_test_id("picture")).to_have_count(len(before) + 1)
    assert sorted(_jobs(page)) == sorted([*before, str(card.get_attribute("data-job"))])
    assert len(set(_jobs(page))) == len(before) + 1


def test_a_picture_that_somebody_else_copied_into_the_bucket_appears(
    page: Page, page_url: str, upload: Callable[[str, bytes], None]
) -> None:
    enter(page, page_url)
    upload("uploads/hero/somebody else's.jpg", (PHOTOS / "hubble.jpg").read_bytes())
    (card,) = _pictures(page, "somebody else's.jpg")
    expect(_completed(card)).to_have_count(9)


def test_a_bad_file_shows_its_error_and_the_good_one_beside_it_succeeds(
    page: Page, page_url: str, screenshot: Screenshot
) -> None:
    enter(page, page_url)
    fake = ("fake.png", "image/png", b"This is not a picture.\n" * 40)
    text = ("notes.txt", "text/plain", b"Hello.")
    drop(page, fake, text, ("empty.jpg", "image/jpeg", b""), *_photos("rocket.jpg", prefix="good "))
    bad, other, empty, good = _pictures(page, "fake.png", "notes.txt", "empty.jpg", "good rocket.jpg")
    expect(bad.get_by_test_id("error")).to_contain_text("not a picture")
    expect(other.get_by_test_id("error")).to_contain_text("text/plain")
    expect(empty.get_by_test_id("error")).to_contain_text("empty")
    expect(_completed(good)).to_have_count(4)
    expect(bad).to_have_attribute("data-status", "failed")
    screenshot(page, "bad files")


def test_without_a_token_the_page_asks_for_one_and_takes_it(
    page: Page, deployed: Deployed, screenshot: Screenshot
) -> None:
    page.goto(deployed.stack.web)
    field = page.get_by_label("Token")
    expect(field).to_be_focused()
    screenshot(page, "no token")
    field.fill("umb_made-up")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("token is unknown")
    field.fill(deployed.token("operator"))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")


def test_a_variant_opens_and_closes_with_the_keyboard_alone(page: Page, page_url: str) -> None:
    enter(page, page_url)
    drop(page, *_photos("coffee.jpg", prefix="large "))
    (card,) = _pictures(page, "large coffee.jpg")
    expect(_completed(card)).to_have_count(4)
    opener = card.get_by_role("button", name="Open thumbnail of large coffee.jpg")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_have_accessible_name("thumbnail of large coffee.jpg")
    page.keyboard.press("ArrowRight")
    expect(dialog).to_have_accessible_name("grayscale of large coffee.jpg")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(
    browser: Browser, page_url: str, scheme: Literal["light", "dark"], screenshot: Screenshot
) -> None:
    phone = browser.new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page = phone.new_page()
    enter(page, page_url)
    name, kind, data = _photos("coffee.jpg", prefix=f"{scheme} ")[0]
    page.get_by_label("Choose pictures to upload").set_input_files({"name": name, "mimeType": kind, "buffer": data})
    (card,) = _pictures(page, name)
    expect(_completed(card)).to_have_count(4, timeout=TIMEOUT_MS)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, f"phone {scheme}")
    phone.close()


def test_a_dark_page_is_dark(browser: Browser, page_url: str, screenshot: Screenshot) -> None:
    night = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark", reduced_motion="reduce")
    page = night.new_page()
    enter(page, page_url)
    shown = Image.open(BytesIO(page.screenshot())).convert("L")
    assert ImageStat.Stat(shown).median[0] < 60
    screenshot(page, "desktop dark")
    night.close()


def test_an_empty_page_asks_for_a_photo(page: Page, page_url: str, screenshot: Screenshot) -> None:
    page.route("**/v1/jobs*", lambda route: route.fulfill(json={"jobs": [], "cursor": None}))
    page.route_web_socket("**/live*", lambda socket: None)
    page.goto(page_url)
    expect(page.get_by_role("heading", name="Drop a photo.")).to_be_visible()
    screenshot(page, "empty")
