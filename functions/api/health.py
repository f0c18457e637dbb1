"""Whether the deployed ops can work."""

import time
from functools import lru_cache

from aws_lambda_powertools import Logger

from api.wiring import catalogue, circuits, lanes
from umbel_core.aws.clients import AWS_ERRORS
from umbel_core.clock import epoch
from umbel_core.contract import CircuitState, Health, OpStatus

logger = Logger(service="api")
_FRESH_SECONDS = 5


def health() -> Health:
    """Return `ok` when the lane of every op is ready or paused, `degraded` also when AWS does not say.

    A host whose circuit is open is listed, but does not make the deployment degraded.
    """
    states, circuit_states = _look(int(time.monotonic() / _FRESH_SECONDS))
    ops: dict[str, OpStatus] = {name: states.get(name, "degraded") for name in catalogue().lanes}
    return Health(status="degraded" if "degraded" in ops.values() else "ok", ops=ops, circuits=circuit_states)


@lru_cache(maxsize=1)
def _look(moment: int) -> tuple[dict[str, OpStatus], dict[str, CircuitState]]:  # noqa: ARG001 - a new moment reads again
    """Read the state at most once every five seconds, because the call needs no token."""
    try:
        return lanes().health(), {host: circuit.state(epoch()) for host, circuit in circuits().all().items()}
    except AWS_ERRORS:
        logger.exception("state of the lanes not read")
        return {}, {}
