"""Tests that a secret, in whatever way it is sent in, is found nowhere but where the documents say that it is kept."""

import contextlib
from collections.abc import Callable, Iterator
from secrets import token_hex
from typing import Any, Literal, get_args

import pytest
from websockets.exceptions import InvalidStatus

from tests.access.places import all_places
from tests.fetching.server import Site
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.feed import SocketClient
from umbel_core.ledger import JobRecord

pytestmark = pytest.mark.engine

Way = Literal[
    "unknown token",
    "token of a socket",
    "valid token",
    "metadata of an upload",
    "user name and password in a URL",
    "query of a page's URL",
    "query of a picture's URL",
    "query of a redirect",
    "header of a request",
    "cookie",
    "idempotency key",
    "query of a request",
    "signature of a link",
    "signature of a form",
]
KEPT: dict[Way, set[str]] = {
    "user name and password in a URL": {"jobs and tasks", "socket"},
    "query of a page's URL": {"jobs and tasks", "socket"},
    "query of a picture's URL": {"jobs and tasks", "socket"},
    "query of a request": {"answers"},
    "signature of a link": {"socket"},
    "signature of a form": {"answers"},
}
"""What docs/security.md says: a URL to be fetched is in its job's record, a wrong value in the answer to its sender,
and signed links in answers and messages."""


@pytest.fixture(scope="module")
def canaries() -> dict[Way, str]:
    """Return a secret for each way in."""
    return {way: f"canary{token_hex(12)}" for way in get_args(Way)}


@pytest.fixture(scope="module")
def found(
    canaries: dict[Way, str],
    deployed: Deployed,
    web: Site,
    photos: dict[str, bytes],
    done: Callable[..., dict[str, Any]],
    job_for: Callable[[str], JobRecord],
) -> dict[str, str]:
    """Send every secret in; return all places of the deployment."""
    operator = deployed.token("operator")
    canaries |= {"valid token": operator, "signature of a link": "X-Amz-Signature"}
    api = ApiClient(deployed.stack.api, operator)
    feed = SocketClient(deployed.stack.socket, operator)
    answers = list(_send(canaries, api, deployed, web, photos))
    files = {
        "uploads/canary.jpg": photos["cat.jpg"],
        "uploads/canary.png": b"no picture",
        "jobs/canary.json": b"[no json",
    }
    for key, data in files.items():
        deployed.localstack_s3.put_object(
            Bucket=deployed.stack.uploads_bucket,
            Key=key,
            Body=data,
            Metadata={"secret": canaries["metadata of an upload"]},
        )
    for key in files:
        job_for(key)
    jobs = [answer["job_id"] for answer in answers if "job_id" in answer]
    for job in jobs:
        done(job)
        feed.wait_until_ended(job)
    feed.close()
    return {**all_places(deployed, api), "socket": str(feed.messages), "answers": str(answers)}


def _send(
    canaries: dict[Way, str], api: ApiClient, deployed: Deployed, web: Site, photos: dict[str, bytes]
) -> Iterator[dict[str, Any]]:
    """Send every secret in; return the bodies of the answers."""
    unknown = ApiClient(deployed.stack.api, canaries["unknown token"])
    yield from (unknown.get("/jobs").body, unknown.post("/jobs", {}).body, unknown.get("/health").body)
    with contextlib.suppress(InvalidStatus):
        SocketClient(deployed.stack.socket, canaries["token of a socket"])
    yield api.get(f"/jobs?limit={canaries['query of a request']}").body
    headers = {"X-Api-Key": canaries["header of a request"], "User-Agent": canaries["header of a request"]}
    headers |= {"Cookie": f"session={canaries['cookie']}", "Idempotency-Key": canaries["idempotency key"]}
    manifest = {"tasks": [{"op": "upper", "input": "abc"}]}
    yield api.post("/jobs", manifest, **headers).body
    yield api.post("/jobs", {"tasks": []}, **headers).body
    yield api.post("/jobs", {**manifest, "name": "another"}, **headers).body
    form = api.post("/uploads", {"filename": "a.jpg", "content_type": "image/jpeg", "size": 3}).body["fields"]
    canaries["signature of a form"] = form["x-amz-signature"]
    yield form
    yield from _send_urls(canaries, api, web, photos["cat.jpg"])


def _send_urls(canaries: dict[Way, str], api: ApiClient, web: Site, photo: bytes) -> Iterator[dict[str, Any]]:
    """Fetch pages and pictures, some of which fail."""
    page, picture = canaries["query of a page's URL"], canaries["query of a picture's URL"]
    web.files |= {"/canary.jpg": photo, "/empty.jpg": b"", "/text.jpg": b"no picture"}
    web.moved["/moved"] = f"/good?key={canaries['query of a redirect']}"
    with_password = web.url("/good").replace("//", f"//user:{canaries['user name and password in a URL']}@")
    pages = [f"{web.url(path)}?key={page}" for path in ("/good", "/not-there")]
    pages += [f"http://no-such-host.invalid/?key={page}", f"http://127.0.0.1:9/?key={page}"]
    yield api.post("/crawls", {"urls": [*pages, web.url("/moved"), with_password]}).body
    paths = ("/canary.jpg", "/empty.jpg", "/text.jpg", "/not-there.jpg")
    pictures = [f"{web.url(path)}?key={picture}" for path in paths]
    pictures += [f"http://127.0.0.1:9/?key={picture}", with_password]
    visits = [{"store_id": "s1", "image_url": pictures}]
    yield api.post("/batches", {"count": 1, "visits": visits}).body
    yield api.post("/jobs", {"tasks": [{"op": "thumbnail", "input": url} for url in pictures]}).body


@pytest.mark.parametrize("way", get_args(Way))
def test_a_secret_is_found_only_where_the_document_says(
    way: Way, canaries: dict[Way, str], found: dict[str, str]
) -> None:
    hits = {place for place, text in found.items() if canaries[way] in text}
    assert hits == KEPT.get(way, set())


def test_every_place_was_searched(found: dict[str, str]) -> None:
    assert all(found.values()), {place: len(text) for place, text in found.items()}
