"""A person sends tasks, crawls and batches, follows them, and cancels and retries them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.actions import Screenshot, drop, enter, job_on, wait_for_status
from tests.browser.conftest import PHOTOS
from tests.fetching.server import Site
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed

pytestmark = [pytest.mark.engine, pytest.mark.browser]

STORES, IMAGES = 6, 8
BROKEN = {"store-1": 0, "store-4": 5}


def sent_tasks(page: Page, status: str = "completed") -> Any:
    return page.locator(f"[data-testid=sent-task][data-status={status}]")


def test_results_of_tasks_appear_beside_the_form(page: Page, page_url: str, screenshot: Screenshot) -> None:
    enter(page, page_url, view="send")
    page.get_by_role("radio", name="reverse", exact=True).check()
    page.get_by_label("Text").fill("hello")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(sent_tasks(page)).to_contain_text("olleh")
    page.get_by_role("radio", name="sum", exact=True).check()
    page.get_by_label("Numbers").fill("1, 2, three")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="Item 3: Must be a number, not 'three'.")).to_be_visible()
    expect(page.get_by_label("Numbers")).to_be_focused()
    page.get_by_label("Numbers").fill("1, 2, 3.5")
    page.keyboard.press("Control+Enter")
    expect(sent_tasks(page)).to_have_count(2)
    expect(sent_tasks(page).first).to_contain_text("6.5")
    screenshot(page, "send")


def test_a_task_may_be_bulk_and_its_job_says_so(page: Page, page_url: str) -> None:
    enter(page, page_url, view="send")
    page.get_by_role("radio", name="reverse", exact=True).check()
    page.get_by_label("Text").fill("no hurry")
    page.get_by_label("Priority").select_option("bulk")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(sent_tasks(page)).to_contain_text("yrruh on")
    page.get_by_role("link", name="Details of reverse").click()
    expect(page.get_by_test_id("job-header").get_by_title("wait for those of live jobs")).to_have_text("bulk")


def test_every_op_has_a_form_made_from_its_schema(page: Page, page_url: str, api: ApiClient) -> None:
    enter(page, page_url, view="send")
    for card in api.get("/ops").body["ops"]:
        page.get_by_role("radio", name=card["name"], exact=True).check()
        expect(page.locator(".panel .summary")).to_have_text(card["summary"])
        for name in card["params"]["properties"]:
            expect(page.locator(f"[data-field='{name}'] label")).to_contain_text(name)


def test_a_picture_is_sent_with_the_request_or_named_by_its_url(page: Page, page_url: str, web: Site) -> None:
    web.files["/cup.jpg"] = (PHOTOS / "coffee.jpg").read_bytes()
    enter(page, page_url, view="send", op="thumbnail")
    page.get_by_label("Choose a picture to send with the request").set_input_files(PHOTOS / "cat.jpg")
    page.get_by_label("width").fill("20000")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Must be at most 16384.")).to_be_visible()
    page.get_by_label("width").fill("64")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(sent_tasks(page)).to_contain_text("64 × 43")
    page.get_by_role("button", name="Remove").click()
    page.get_by_label("Picture", exact=True).fill(web.url("/cup.jpg"))
    page.keyboard.press("Enter")
    expect(sent_tasks(page)).to_have_count(2)


def test_parameters_that_few_people_need_are_folded_until_one_of_them_is_wrong(page: Page, page_url: str) -> None:
    enter(page, page_url, view="send", op="watermark")
    page.get_by_label("Choose a picture to send with the request").set_input_files(PHOTOS / "cat.jpg")
    page.get_by_label("image", exact=False).last.select_option("logo.png")
    expect(page.get_by_label("max_bytes")).to_be_hidden()
    page.get_by_text("More about the result's file").click()
    page.get_by_label("max_bytes").fill("9")
    page.get_by_text("More about the result's file").click()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Must be at least 100.")).to_be_visible()
    page.get_by_label("max_bytes").fill("8000")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(sent_tasks(page)).to_contain_text("451 × 300")


def test_an_error_that_only_the_api_finds_is_shown_in_the_form(page: Page, page_url: str) -> None:
    enter(page, page_url, view="send", op="reverse")
    page.get_by_label("Text").fill("x" * 40_000)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="40,007 bytes as JSON")).to_be_visible()


def test_a_crawls_pages_appear_one_by_one_and_the_rest_is_skipped_when_cancelled(
    page: Page, page_url: str, web: Site, screenshot: Screenshot
) -> None:
    enter(page, page_url, view="send", kind="crawl")
    slow = [web.url(f"/slow?0.3&{index}") for index in range(60)]
    page.get_by_label("URLs").fill("\n".join([*slow, "ftp://example.org/"]))
    expect(page.get_by_text("line 61: ‘ftp://example.org/’ is not an http or https URL")).to_be_visible()
    expect(page.get_by_role("button", name="Start the crawl")).to_be_disabled()
    page.get_by_label("URLs").fill("\n".join([web.url("/missing"), *slow]))
    expect(page.get_by_text("61 URLs")).to_be_visible()
    page.get_by_role("button", name="Start the crawl").click()
    fetched = page.locator("[data-testid=page][data-status=completed]")
    expect(fetched.first).to_be_visible()
    expect(page.get_by_test_id("job-header")).to_have_attribute("data-status", "running")
    page.get_by_role("button", name="Cancel").click()
    wait_for_status(page, "cancelled")
    expect(page.get_by_test_id("counts")).to_contain_text("Cancelled:")
    expect(page.locator("[data-testid=page][data-status=skipped]").first).to_be_visible()
    screenshot(page, "crawl cancelled")
    page.get_by_role("button", name="Resume").click()
    wait_for_status(page, "completed")
    expect(fetched).to_have_count(61)
    page.get_by_role("button", name="Errors").click()
    expect(page.get_by_test_id("page")).to_have_count(1)
    expect(page.get_by_test_id("page")).to_contain_text("404")


def test_a_batchs_stores_fill_in_order_stop_at_a_broken_image_and_complete_after_a_retry(
    page: Page, page_url: str, web: Site, photos: dict[str, bytes], screenshot: Screenshot
) -> None:
    whole = photos["cat.jpg"]
    for store in range(STORES):
        for index in range(IMAGES):
            cut = BROKEN.get(f"store-{store}") == index
            web.files[f"/seen/store-{store}/{index}.jpg"] = whole[:300] if cut else whole
    visits = [
        {
            "store_id": f"store-{store}",
            "image_url": [web.url(f"/seen/store-{store}/{index}.jpg") for index in range(IMAGES)],
        }
        for store in range(STORES)
    ]
    enter(page, page_url, view="send", kind="batch")
    file = {"name": "visits.json", "mimeType": "application/json", "buffer": json.dumps(visits).encode()}
    page.get_by_label("Choose a file of visits").set_input_files(file)  # type: ignore[arg-type]
    expect(page.get_by_text("6 stores, 48 images")).to_be_visible()
    page.get_by_role("button", name="Start the batch").click()
    wait_for_status(page, "failed")
    expect(page.get_by_test_id("counts")).to_have_text("37 of 48 done, 2 failed, 9 skipped.")
    expect(page.get_by_test_id("errors")).to_contain_text("store-4")
    stopped = page.locator("[data-store-row='store-4'] [data-index]")
    statuses = [cell.get_attribute("data-status") for cell in stopped.all()]
    assert statuses == [*["completed"] * 5, "failed", "skipped", "skipped"]
    stopped.first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("image-details")).to_contain_text("store-4, image 2 of 8")
    expect(page.get_by_test_id("image-details")).to_contain_text("perimeter 1,502")
    screenshot(page, "batch stopped")
    for path in list(web.files):
        web.files[path] = whole
    page.get_by_role("button", name="Retry what failed").click()
    wait_for_status(page, "completed")
    expect(page.locator("[data-index][data-status=completed]")).to_have_count(STORES * IMAGES)
    expect(page.get_by_test_id("errors")).to_have_count(0)


def test_a_file_that_is_dropped_on_a_form_is_not_uploaded(page: Page, page_url: str) -> None:
    enter(page, page_url, view="send", kind="batch")
    expect(page.get_by_label("Visits", exact=True)).to_be_visible()
    drop(page, ("visits.csv", "text/csv", b"store_id,image_url\nS1,http://example.org/1.jpg\n"))
    expect(page.get_by_text("1 store, 1 image")).to_be_visible()
    page.get_by_role("link", name="One task").click()
    page.get_by_role("radio", name="info", exact=True).check()
    expect(page.get_by_label("Picture", exact=True)).to_be_visible()
    drop(page, ("cat.jpg", "image/jpeg", (PHOTOS / "cat.jpg").read_bytes()))
    page.get_by_role("button", name="Send", exact=True).click()
    expect(sent_tasks(page)).to_contain_text("perimeter")
    page.get_by_role("link", name="Pictures").click()
    expect(page.get_by_role("heading", name="visits.csv")).to_have_count(0)


def test_a_csv_of_visits_names_the_line_that_is_wrong(page: Page, page_url: str) -> None:
    enter(page, page_url, view="send", kind="batch")
    page.get_by_label("Visits", exact=True).fill("store_id,image_url\nS1,http://example.org/1.jpg\nS1,nowhere\n")
    expect(page.get_by_text("line 3: 'nowhere' is not an http or https URL")).to_be_visible()
    expect(page.get_by_role("button", name="Start the batch")).to_be_disabled()


def test_a_job_of_thousands_shows_its_counts_and_a_page_of_its_tasks(
    page: Page, page_url: str, api: ApiClient, done: Callable[..., dict[str, Any]]
) -> None:
    body = {"name": "many words", "tasks": [{"op": "reverse", "input": f"word {index}"} for index in range(1000)]}
    job = api.post("/jobs", body).body["job_id"]
    enter(page, page_url, view="job", id=job)
    expect(page.get_by_test_id("task").first).to_be_visible()
    assert page.get_by_test_id("task").count() <= 400
    wait_for_status(page, "completed")
    expect(page.get_by_test_id("counts")).to_have_text("1,000 of 1,000 done.")
    page.get_by_role("button", name="Failed").click()
    expect(page.get_by_text("None.")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    page.get_by_test_id("task").nth(7).locator("summary").click()
    expect(page.get_by_test_id("task").nth(7).locator(".value")).to_have_text("7 drow")
    done(job)


def test_after_a_lost_connection_a_job_is_shown_as_the_server_has_it(
    page: Page, page_url: str, api: ApiClient, web: Site, done: Callable[..., dict[str, Any]]
) -> None:
    sockets: list[WebSocketRoute] = []

    def forward(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket("**/live*", forward)
    urls = [web.url(f"/slow?0.2&{index}") for index in range(24)]
    job = api.post("/crawls", {"urls": urls, "workers": 4}).body["job_id"]
    enter(page, page_url, view="job", id=job)
    expect(page.locator("[data-testid=page][data-status=completed]").first).to_be_visible()
    sockets[-1].close(code=1012, reason="service restart")
    done(job)
    wait_for_status(page, "completed")
    expect(page.locator("[data-testid=page][data-status=completed]")).to_have_count(24)
    assert job_on(page) == job


def test_a_viewer_reads_why_nothing_can_be_sent(browser: Browser, deployed: Deployed, screenshot: Screenshot) -> None:
    guest = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = guest.new_page()
    enter(page, f"{deployed.stack.web}#token={deployed.token('viewer')}", view="send")
    expect(page.get_by_test_id("read-only")).to_contain_text("operator")
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    screenshot(page, "viewer")
    guest.close()


def test_an_operator_pauses_resumes_and_scales_an_op(page: Page, page_url: str, screenshot: Screenshot) -> None:
    enter(page, page_url, view="ops")
    expect(page.get_by_test_id("totals")).to_contain_text("done")
    row = page.locator("[data-testid=op][data-op=upper]")
    row.get_by_role("button", name="Pause upper").click()
    expect(row).to_have_attribute("data-state", "paused")
    screenshot(page, "ops")
    row.get_by_role("button", name="Resume upper").click()
    expect(row).to_have_attribute("data-state", "ready")
    number = row.get_by_label("Concurrency of upper")
    number.fill("5000")
    page.keyboard.press("Enter")
    expect(row.get_by_role("alert")).to_contain_text("1000")
    number.fill("3")
    page.keyboard.press("Enter")
    expect(row.get_by_role("button", name="Pause upper")).to_be_visible()
    expect(number).to_have_value("3")


def test_an_unknown_job_shows_an_error(page: Page, page_url: str) -> None:
    enter(page, page_url, view="job", id="jnope")
    expect(page.get_by_role("alert")).to_contain_text("There is no job ‘jnope’")


@pytest.mark.parametrize("query", [{"view": "send"}, {"view": "send", "kind": "batch"}, {"view": "ops"}])
def test_a_phone_needs_no_scrolling_sideways(
    browser: Browser, page_url: str, query: dict[str, str], screenshot: Screenshot
) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = phone.new_page()
    enter(page, page_url, **query)
    expect(page.locator(".panel, .ops").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, f"phone {'-'.join(query.values())}")
    phone.close()


def test_statistics_and_events_are_shown_as_they_arrive(page: Page, page_url: str) -> None:
    numbers = {
        **dict.fromkeys(("pending", "running", "failed", "skipped", "in_flight", "queue_depth"), 0),
        "completed": 12345,
        "p50_ms": 31.0,
        "p95_ms": 124.0,
        "average_ms": 33.0,
        "oldest_age_seconds": None,
        "throughput_per_minute": 812.4,
        "active_workers": 1,
    }
    worker = {"id": "a1b2c3", "tasks": 4120, "average_ms": 33.1}
    op = {**numbers, "state": "ready", "concurrency": 4, "last_success_at": None, "workers": [worker]}
    stats = {"at": "2026-01-01T00:00:00Z", "totals": numbers, "ops": {"upper": op}}
    event = {
        "id": "e1",
        "at": "2026-01-01T00:00:00Z",
        "kind": "breaker",
        "message": "shop.example is paused.",
    }

    def forward(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def receive(message: str | bytes) -> None:
            if json.loads(message)["action"] != "stats":
                server.send(message)
                return
            socket.send(json.dumps([{"type": "stats", "stats": stats}, *[{"type": "system", "event": event}] * 2]))

        socket.on_message(receive)

    page.route_web_socket("**/live*", forward)
    enter(page, page_url, view="ops")
    expect(page.get_by_test_id("totals")).to_contain_text("12,345")
    row = page.locator("[data-testid=op][data-op=upper]")
    expect(row).to_contain_text("124 ms")
    row.locator("summary").click()
    expect(row).to_contain_text("4,120 tasks")
    notices = page.get_by_test_id("events").get_by_role("listitem")
    expect(notices).to_have_count(1)
    notices.get_by_role("button", name="Dismiss").click()
    expect(notices).to_have_count(0)
    expect(page.get_by_role("region", name="Events")).to_contain_text("shop.example is paused.")
