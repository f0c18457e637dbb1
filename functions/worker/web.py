"""Fetch pictures from the web, and set the policy for all fetches of this worker."""

from functools import cached_property
from typing import Any

from umbel_core.aws.circuit_breaker import DynamoCircuitBreaker
from umbel_core.aws.pace import DynamoPace
from umbel_core.errors import Rejected, Transient
from umbel_core.input_types import without_query
from umbel_core.settings import Limits

_MAX_SECONDS = 10.0
_TRANSIENT = ("dead_host", "timed_out", "bad_answer")
_SERVER_ERROR = 500


class Web:
    """Fetches with this deployment's policy. The libraries are imported at the first fetch."""

    def __init__(self, limits: Limits, circuits: DynamoCircuitBreaker, pace: DynamoPace) -> None:
        self._limits = limits
        self._pace = pace
        self._circuits = circuits

    @cached_property
    def fetcher(self) -> Any:
        """The module `umbel_fetching.fetcher`, with the policy set for all fetches of this process."""
        from umbel_fetching import fetcher  # noqa: PLC0415 - only lanes that fetch have this layer
        from umbel_fetching.addresses import Allowed  # noqa: PLC0415

        allowed = Allowed.parse(self._limits.allowed_addresses)
        fetcher.deployment = fetcher.Policy(allowed, self._circuits, self._limits.user_agent, self._pace)
        return fetcher

    def file(self, url: str, seconds: float) -> bytes:
        """Return a file's bytes; raise `Rejected`, or `Transient` when another attempt may succeed."""
        from umbel_fetching.busy import TOO_MANY_REQUESTS, host_busy  # noqa: PLC0415 - as in `fetcher`

        try:
            page = self.fetcher.fetch(
                url, max_bytes=self._limits.max_upload_bytes, whole=True, seconds=min(seconds, _MAX_SECONDS)
            )
        except Rejected as error:
            raise (Transient if error.code in _TRANSIENT else Rejected)(error.code, error.sentence) from error
        if page.status == TOO_MANY_REQUESTS or page.retry_after is not None:
            raise host_busy(url, page.status, page.retry_after)
        if page.status != 200:
            raise (Transient if page.status >= _SERVER_ERROR else Rejected)(
                "no_such_picture", f"{without_query(url)} answers with status {page.status}, so there is no picture."
            )
        if not page.body:
            raise Rejected("empty_file", f"{without_query(url)} is empty: it has zero bytes.")
        return page.body  # type: ignore[no-any-return]
