"""Umbel's HTTP API for programs: typed answers, and faults that carry the server's sentence."""

import mimetypes
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import msgspec
import urllib3

from umbel.errors import NotRunningError, UmbelError
from umbel.records import Job, Task
from umbel.stack import Deployment

_CHUNK = 256 * 1024
_PLACE = b"-the-file-goes-here-"
_TRIES = urllib3.Retry(3, read=0, redirect=0, status_forcelist=(429, 503), backoff_factor=0.2, raise_on_status=False)
_TYPES = {".webp": "image/webp", ".avif": "image/avif"}
"""What older tables of media types lack."""


class ApiError(UmbelError):
    """The API said no; `code` is its word for why."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.http_status = status
        self.code = code


class Ticket(msgspec.Struct, frozen=True):
    """Leave to put one file into the uploads bucket: the answer of `POST /uploads`."""

    job_id: str
    url: str
    fields: dict[str, str]


class Client:
    """One deployed Umbel's API."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self._http = _pool(deployment)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One call; gives the decoded body, raises `ApiError` when the API refuses."""
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        headers = {"Content-Type": "application/json"}
        if self.deployment.token:
            headers["Authorization"] = f"Bearer {self.deployment.token}"
        sent = None if body is None else msgspec.json.encode(body)
        address = f"{self.deployment.api}{path}" + (f"?{asked}" if asked else "")
        try:
            answer = self._http.request(method, address, body=sent, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(self.deployment, error) from error
        if answer.status >= 400:
            raise _refusal(answer.status, answer.data, self.deployment)
        return msgspec.json.decode(answer.data) if answer.data else None

    def job(self, name: str) -> Job:
        """One job as it is now."""
        return msgspec.convert(self.call("GET", f"/jobs/{quote(name, safe='')}"), Job)

    def whole(self, job: str, **query: Any) -> dict[str, Any]:
        """A job with its tasks as the API has them, for programs."""
        path = f"/jobs/{quote(job, safe='')}"
        return {**self.call("GET", path), "tasks": list(self.pages(f"{path}/tasks", "tasks", limit=200, **query))}

    def tasks(self, job: str, **query: Any) -> Iterator[Task]:
        """All tasks of a job, page by page."""
        for task in self.pages(f"/jobs/{quote(job, safe='')}/tasks", "tasks", **query):
            yield msgspec.convert(task, Task)

    def pages(self, path: str, key: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The items of a list that comes in pages."""
        cursor = None
        while True:
            page = self.call("GET", path, cursor=cursor, **query)
            yield from page[key]
            cursor = page.get("cursor")
            if not cursor:
                return

    def ticket(self, file: Path, recipe: str | None = None) -> Ticket:
        """Ask for leave to upload a file."""
        kind = _TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        body = {"filename": file.name, "content_type": kind, "size": file.stat().st_size}
        return msgspec.convert(self.call("POST", "/uploads", {**body, "recipe": recipe} if recipe else body), Ticket)

    def put(self, ticket: Ticket, file: Path, sent: Callable[[int], object]) -> None:
        """Send the file where its ticket says; `sent` hears how many bytes went, chunk by chunk."""
        with file.open("rb") as content:
            form = _Form(ticket.fields, content, sent)
            url, host = self._through_endpoint(ticket.url)
            headers = {**host, "Content-Type": form.content_type, "Content-Length": str(form.length)}
            try:
                answer = self._http.request("POST", url, body=form, headers=headers, retries=False)
            except urllib3.exceptions.HTTPError as error:
                raise _unreachable(self.deployment, error) from error
        if answer.status >= 300:
            raise ApiError(answer.status, "upload_refused", f"{file.name}: {_reason(answer.data)}")

    def save(self, url: str, path: Path) -> None:
        """Fetch a result into a file; the file appears whole or not at all."""
        part = path.with_name(f".{path.name}.part")
        url, host = self._through_endpoint(url)
        try:
            with self._http.request("GET", url, headers=host, preload_content=False) as answer, part.open("wb") as out:
                if answer.status != 200:
                    raise ApiError(
                        answer.status, "no_result", f"{path.name}: the result is not there (HTTP {answer.status})"
                    )
                for chunk in answer.stream(_CHUNK):
                    out.write(chunk)
            part.replace(path)
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(self.deployment, error) from error
        finally:
            part.unlink(missing_ok=True)

    def _through_endpoint(self, url: str) -> tuple[str, dict[str, str]]:
        """A link's address, and the headers that go with it, for this machine.

        Links to a local engine name the address that browsers reach, which this machine may not know; what is signed
        is that name.
        """
        if self.deployment.endpoint is None:
            return url, {}
        link = urlsplit(url)
        return urlunsplit(link._replace(netloc=urlsplit(self.deployment.endpoint).netloc)), {"Host": link.netloc}


class _Form:
    """A multipart form with a file at its end, read in chunks so that a large file never is in memory whole."""

    def __init__(self, fields: dict[str, str], content: BinaryIO, sent: Callable[[int], object]) -> None:
        # The file's true name went into the ticket; a form would only mangle it.
        body, self.content_type = urllib3.encode_multipart_formdata([*fields.items(), ("file", ("file", _PLACE))])
        self._head, self._tail = body.split(_PLACE)
        self._content, self._sent = content, sent
        self.length = len(self._head) + os.fstat(content.fileno()).st_size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while chunk := self._content.read(_CHUNK):
            yield chunk
            self._sent(len(chunk))
        yield self._tail


def _pool(deployment: Deployment) -> urllib3.PoolManager:
    """Connections to a deployment: to a local engine always direct, to AWS by the proxy that the environment names."""
    settings: dict[str, Any] = {"maxsize": 8, "timeout": urllib3.Timeout(connect=5, read=60), "retries": _TRIES}
    scheme, host = urlsplit(deployment.api).scheme, urlsplit(deployment.api).hostname or ""
    proxy = None if deployment.endpoint or proxy_bypass(host) else getproxies().get(scheme)
    if deployment.endpoint is None and (
        bundle := os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")
    ):
        settings["ca_certs"] = bundle
    if proxy is None:
        return urllib3.PoolManager(**settings)
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    user = ":".join(map(unquote, (parts.username, parts.password or ""))) if parts.username else None
    headers = urllib3.make_headers(proxy_basic_auth=user) if user else None
    address = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    return urllib3.ProxyManager(address, proxy_headers=headers, **settings)


def _refusal(status: int, data: bytes, deployment: Deployment) -> ApiError:
    """The API's own sentence, or the best one that API Gateway's bare messages allow."""
    try:
        error = msgspec.json.decode(data)
    except msgspec.DecodeError:
        error = None
    if status != 401 and isinstance(error, dict) and isinstance(error.get("error"), dict):
        return ApiError(status, error["error"].get("code", ""), error["error"].get("message", ""))
    if status in {401, 403} and os.environ.get("UMBEL_TOKEN"):
        where = deployment.endpoint or deployment.api
        hint = f"UMBEL_TOKEN is set, and has not the right at {where}: unset it, or umbel token create there"
        return ApiError(status, "unauthorized", hint)
    if status in {401, 403}:
        return ApiError(
            status, "unauthorized", "this needs a token with the right: umbel token create, then UMBEL_TOKEN=…"
        )
    said = error.get("message") or error.get("Message") if isinstance(error, dict) else None
    return ApiError(status, "", f"the API answered {status}" + (f": {said}" if said else ""))


def _reason(data: bytes) -> str:
    """The message in one of S3's XML errors."""
    text = data.decode(errors="replace")
    _, _, rest = text.partition("<Message>")
    return rest.partition("</Message>")[0] or "the bucket refused the upload"


def _unreachable(deployment: Deployment, error: Exception) -> UmbelError:
    return NotRunningError() if deployment.endpoint else UmbelError(f"{deployment.api} does not answer: {error}")
