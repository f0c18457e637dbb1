"""The ids of new jobs: a request that is sent again with its `Idempotency-Key` gets the id of the first time."""

import hashlib
import re

from aws_lambda_powertools import Logger
from chalice.app import Request

from api.wiring import idempotency_keys
from umbel_core.aws.idempotency import KeyedRequest
from umbel_core.clock import epoch
from umbel_core.errors import Rejected
from umbel_core.ids import new_job_id
from umbel_core.trace import trace_id_in, trace_id_of

logger = Logger(service="api")
HEADER = "Idempotency-Key"
MOST_CHARACTERS = 255
KEPT_SECONDS = 86_400
_FORM = re.compile(rf"[\x21-\x7e]{{1,{MOST_CHARACTERS}}}")


class NewJob:
    """The job that a request starts."""

    def __init__(self, request: Request) -> None:
        """Raise `Rejected` when the key is none."""
        self._key = request.headers.get(HEADER)
        if self._key is not None and not _FORM.fullmatch(self._key):
            raise Rejected(
                "invalid_idempotency_key",
                f"{HEADER} must have 1 to {MOST_CHARACTERS} visible ASCII characters, such as a UUID.",
            )
        self._token: str = request.context["authorizer"]["token"]
        body = request.raw_body
        self._request = _hash(request.path.encode(), body.encode() if isinstance(body, str) else body)
        self.trace_id = trace_id_in(request.headers.get("X-Amzn-Trace-Id"))
        """That of the request, which API Gateway gives it; else the job's own, once its id is known."""
        self.repeated = False
        """True when an earlier request with the same key started the job."""

    def id(self) -> str:
        """Return the job's id, to be called once the request is found valid; raise `Rejected` for a reused key.

        Everything that the job needs is written again under this id, and what is there is kept: the first request may
        have stopped at any point.
        """
        job_id = self._first_id()
        self.trace_id = self.trace_id or trace_id_of(job_id)
        logger.thread_safe_append_keys(job_id=job_id, trace_id=self.trace_id)
        return job_id

    def _first_id(self) -> str:
        own = new_job_id()
        if self._key is None:
            return own
        keyed = KeyedRequest(request=self._request, job_id=own, expire_at=epoch() + KEPT_SECONDS)
        first = idempotency_keys().first(_hash(self._token.encode(), self._key.encode()), keyed)
        if first.request != self._request:
            raise Rejected(
                "idempotency_key_reused",
                f"Another request was sent with this {HEADER} within a day; send a new key with a new request.",
            )
        self.repeated = first.job_id != own
        return first.job_id


def _hash(*parts: bytes) -> str:
    """Return one hash of all parts; none may contain the separator but the last."""
    return hashlib.sha256(b"\n".join(parts)).hexdigest()
