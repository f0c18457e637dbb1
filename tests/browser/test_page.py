"""A person on the page: pictures dropped, variants seen arriving, nothing lost on the way."""

from collections.abc import Callable
from io import BytesIO
from typing import Literal

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from tests.browser.conftest import PATIENCE, PHOTOS
from tests.browser.work import Shoot, drop, enter
from tests.pipeline.deployment import Deployed

pytestmark = [pytest.mark.engine, pytest.mark.browser]

THREE = ["rocket.jpg", "coffee.jpg", "cat.jpg"]


def _photos(*names: str, called: str = "") -> list[tuple[str, str, bytes]]:
    """Photos to drop; `called` stands before their names, so that a test finds its own again."""
    kinds = {"png": "image/png", "jpg": "image/jpeg"}
    return [(called + name, kinds[name.rsplit(".", 1)[1]], (PHOTOS / name).read_bytes()) for name in names]


def _pictures(page: Page, *names: str) -> list[Locator]:
    """The newest plate of each name."""
    plates = page.get_by_test_id("picture")
    return [plates.filter(has=page.get_by_role("heading", name=name, exact=True)).first for name in names]


def _made(plate: Locator) -> Locator:
    return plate.locator("[data-testid=variant][data-status=completed]")


def _newest_jobs(page: Page) -> list[str]:
    return [str(plate.get_attribute("data-job")) for plate in page.get_by_test_id("picture").all()][:20]


def test_three_dropped_photos_become_twelve_variants_without_a_reload(page: Page, page_url: str, shoot: Shoot) -> None:
    enter(page, page_url)
    page.evaluate("window.unreloaded = true")
    drop(page, *_photos(*THREE))
    for plate in _pictures(page, *THREE):
        expect(_made(plate)).to_have_count(4)
        expect(plate).to_have_attribute("data-status", "completed")
        for image in plate.locator("[data-testid=variant] img").all():
            image.scroll_into_view_if_needed()
            expect(image).to_have_js_property("complete", value=True)
            assert image.evaluate("image => image.naturalWidth") > 0
    page.evaluate("scrollTo(0, 0)")
    shoot(page, "desktop")
    page.set_viewport_size({"width": 1400, "height": 600})
    shoot(page, "desktop wide")
    assert page.evaluate("window.unreloaded")
    assert "token" not in page.url


def test_after_a_reload_nothing_is_missing_or_doubled(page: Page, page_url: str) -> None:
    enter(page, page_url)
    drop(page, *_photos("cat.jpg", "cat-alpha.png", called="kept "))
    for plate in _pictures(page, "kept cat.jpg", "kept cat-alpha.png"):
        expect(_made(plate)).to_have_count(4)
    before = _newest_jobs(page)
    assert len(set(before)) == len(before)
    page.reload()
    for plate in _pictures(page, "kept cat.jpg", "kept cat-alpha.png"):
        expect(_made(plate)).to_have_count(4)
    assert sorted(_newest_jobs(page)) == sorted(before)


def test_a_lost_socket_comes_back_with_all_that_happened_meanwhile(
    page: Page, page_url: str, upload: Callable[[str, bytes], None]
) -> None:
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket("**/live*", through)
    enter(page, page_url)
    before = page.get_by_test_id("picture").count()
    sockets[-1].close(code=1012, reason="service restart")
    upload("uploads/meanwhile.jpg", (PHOTOS / "rocket.jpg").read_bytes())
    (plate,) = _pictures(page, "meanwhile.jpg")
    expect(_made(plate)).to_have_count(4)
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")
    assert len(sockets) > 1
    expect(page.get_by_test_id("picture")).to_have_count(before + 1)


def test_a_picture_copied_in_by_somebody_else_appears_by_itself(
    page: Page, page_url: str, upload: Callable[[str, bytes], None]
) -> None:
    enter(page, page_url)
    upload("uploads/hero/somebody else's.jpg", (PHOTOS / "hubble.jpg").read_bytes())
    (plate,) = _pictures(page, "somebody else's.jpg")
    expect(_made(plate)).to_have_count(2)


def test_a_bad_file_shows_its_sentence_and_the_good_one_beside_it_succeeds(
    page: Page, page_url: str, shoot: Shoot
) -> None:
    enter(page, page_url)
    liar = ("liar.png", "image/png", b"This is no picture.\n" * 40)
    stranger = ("notes.txt", "text/plain", b"Hello.")
    drop(page, liar, stranger, ("empty.jpg", "image/jpeg", b""), *_photos("rocket.jpg", called="good "))
    bad, other, empty, good = _pictures(page, "liar.png", "notes.txt", "empty.jpg", "good rocket.jpg")
    expect(bad.get_by_test_id("sentence")).to_contain_text("not a picture")
    expect(other.get_by_test_id("sentence")).to_contain_text("text/plain")
    expect(empty.get_by_test_id("sentence")).to_contain_text("empty")
    expect(_made(good)).to_have_count(4)
    expect(bad).to_have_attribute("data-status", "failed")
    shoot(page, "bad files")


def test_without_a_token_the_page_asks_for_one_and_takes_it(page: Page, deployed: Deployed, shoot: Shoot) -> None:
    page.goto(deployed.stack.web)
    field = page.get_by_label("Token")
    expect(field).to_be_focused()
    shoot(page, "no token")
    field.fill("umb_made-up")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("unknown here")
    field.fill(deployed.token("operator"))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")


def test_a_variant_opens_large_and_closes_by_the_keyboard_alone(page: Page, page_url: str) -> None:
    enter(page, page_url)
    drop(page, *_photos("coffee.jpg", called="large "))
    (plate,) = _pictures(page, "large coffee.jpg")
    expect(_made(plate)).to_have_count(4)
    opener = plate.get_by_role("button", name="Open thumbnail of large coffee.jpg")
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
    browser: Browser, page_url: str, scheme: Literal["light", "dark"], shoot: Shoot
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
    name, kind, data = _photos("coffee.jpg", called=f"{scheme} ")[0]
    page.get_by_label("Choose pictures to upload").set_input_files({"name": name, "mimeType": kind, "buffer": data})
    (plate,) = _pictures(page, name)
    expect(_made(plate)).to_have_count(4, timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, f"phone {scheme}")
    phone.close()


def test_a_dark_page_is_dark(browser: Browser, page_url: str, shoot: Shoot) -> None:
    night = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark", reduced_motion="reduce")
    page = night.new_page()
    enter(page, page_url)
    shown = Image.open(BytesIO(page.screenshot())).convert("L")
    assert ImageStat.Stat(shown).median[0] < 60
    shoot(page, "desktop dark")
    night.close()


def test_a_page_with_nothing_yet_invites(page: Page, page_url: str, shoot: Shoot) -> None:
    page.route("**/v1/jobs*", lambda route: route.fulfill(json={"jobs": [], "cursor": None}))
    page.route_web_socket("**/live*", lambda socket: None)
    page.goto(page_url)
    expect(page.get_by_role("heading", name="Drop a photo.")).to_be_visible()
    shoot(page, "empty")
