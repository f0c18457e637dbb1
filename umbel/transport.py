"""Send HTTP requests to one deployment: typed responses, errors with the API's own sentence."""

import os
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass
from uuid import uuid4

import msgspec
import urllib3

from umbel.errors import ApiError, NotRunningError, UmbelError, UnreachableError
from umbel_core.contract import ErrorBody
from umbel_core.contract.records import Error

T = TypeVar("T")

_RETRIES = urllib3.Retry(3, read=0, redirect=0, status_forcelist=(429, 503), backoff_factor=0.2, raise_on_status=False)
_RETRIES_WITH_KEY = _RETRIES.new(read=2, allowed_methods=None, status_forcelist=(429, 500, 502, 503, 504))
"""For requests that start a job: with an `Idempotency-Key` they may be repeated even when the answer was lost."""
_ENGINE_PATH = "/_aws/execute-api/"
"""The path at which a local engine serves its APIs; on AWS each API has its own domain."""


class Transport:
    """The connections to one deployment. May be used from several threads."""

    def __init__(self, api: str, token: str | None) -> None:
        self.api = api.rstrip("/")
        self.token = token
        url = urlsplit(api)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise UmbelError(f"'{api}' is not the URL of an API: it starts with https:// or http://, then has a host")
        self.engine = f"{url.scheme}://{url.netloc}" if url.path.startswith(_ENGINE_PATH) else None
        """URL of the local engine that serves the API; None on AWS."""
        self._http = _pool(self.api, self.engine)

    def start(self, answer: type[T], route: str, body: Any, key: str | None = None) -> T:
        """Send a request that starts a job, as of `call`, with an `Idempotency-Key`: this one, or a new one.

        It is sent again when the answer is lost, and starts one job.
        """
        return self.call(answer, "POST", route, body=body, idempotency_key=key or str(uuid4()))

    def call(
        self,
        answer: type[T],
        method: str,
        *path: str,
        body: Any = None,
        idempotency_key: str | None = None,
        **query: Any,
    ) -> T:
        """Send one request and return the response as `answer`; raise `ApiError` when the API refuses.

        The parts of the path are quoted, a query parameter that is None is left out.
        """
        url = "/".join((self.api, *(quote(part, safe="") for part in path)))
        if given := {name: value for name, value in query.items() if value is not None}:
            url += f"?{urlencode(given)}"
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        retries = _RETRIES_WITH_KEY if idempotency_key else _RETRIES
        sent = None if body is None else msgspec.json.encode(body)
        try:
            response = self._http.request(method, url, body=sent, headers=headers, retries=retries)
        except urllib3.exceptions.HTTPError as error:
            raise self.unreachable(error) from error
        if response.status >= 400:
            raise self._refusal(response.status, response.data)
        try:
            return msgspec.json.decode(response.data, type=answer)
        except msgspec.DecodeError as error:
            sentence = f"{self.api} is of another version than this client: use the version that is deployed there"
            raise UmbelError(sentence, f"{method} /{'/'.join(path)}: {error}") from error

    def request(self, method: str, link: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
        """Send a request to a signed link. Links to a local engine are sent to it, whatever host they name.

        They name the host by which browsers reach the engine, which this machine may not know; that name is what is
        signed, so it is sent in the header.
        """
        own = dict(headers or {})
        if self.engine is not None:
            url = urlsplit(link)
            link, own["Host"] = urlunsplit(url._replace(netloc=urlsplit(self.engine).netloc)), url.netloc
        try:
            return self._http.request(method, link, headers=own, **options)
        except urllib3.exceptions.HTTPError as error:
            raise self.unreachable(error) from error

    def unreachable(self, error: Exception) -> UnreachableError:
        """Return the error for a request without a response."""
        return NotRunningError() if self.engine else UnreachableError(f"{self.api} does not answer: {error}")

    def close(self) -> None:
        """Close all connections."""
        self._http.clear()

    def _refusal(self, status: int, data: bytes) -> ApiError:
        """Return the API's error; for an answer of API Gateway itself, one made of its status and message."""
        error = _error_of(data)
        if status in {401, 403} and (status == 401 or error is None):
            hint = "this needs a token with the right: umbel token create, then UMBEL_TOKEN=…"
            if self.token and error:
                hint = error.message
            if self.token and os.environ.get("UMBEL_TOKEN") == self.token:
                where = self.engine or self.api
                hint = f"UMBEL_TOKEN is set, and has not the right at {where}: unset it, or umbel token create there"
            return ApiError("unauthorized", hint, None, status)
        if error is None:
            sentence = f"{self.api} answered {status}{_gateway_sentence(data)}"
            if status in {404, 405}:
                sentence += ", which is not an answer of Umbel: check the URL of the API"
            return ApiError("unknown_answer", sentence, None, status)
        return ApiError(error.code, error.message, error.path or None, status)


def _error_of(data: bytes) -> Error | None:
    try:
        return msgspec.json.decode(data, type=ErrorBody).error
    except msgspec.DecodeError:
        return None


def _gateway_sentence(data: bytes) -> str:
    """Return the message of API Gateway itself, `{"message": …}` or `{"Message": …}`, as the end of a sentence."""
    try:
        said = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError:
        return ""
    sentence = said.get("message") or said.get("Message")
    return f": {sentence}" if sentence else ""


def _pool(api: str, engine: str | None) -> urllib3.PoolManager:
    """Make the connection pool: direct to a local engine, to AWS through the proxy that the environment names."""
    settings: dict[str, Any] = {"maxsize": 8, "timeout": urllib3.Timeout(connect=5, read=60), "retries": _RETRIES}
    scheme, host = urlsplit(api).scheme, urlsplit(api).hostname or ""
    proxy = None if engine or proxy_bypass(host) else getproxies().get(scheme)
    if engine is None and (bundle := os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")):
        settings["ca_certs"] = bundle
    if proxy is None:
        return urllib3.PoolManager(**settings)
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    user = ":".join(map(unquote, (parts.username, parts.password or ""))) if parts.username else None
    headers = urllib3.make_headers(proxy_basic_auth=user) if user else None
    url = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    return urllib3.ProxyManager(url, proxy_headers=headers, **settings)
