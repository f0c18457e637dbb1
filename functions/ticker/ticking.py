"""Sends the stats every five seconds to the connections that subscribed to them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from umbel_core.contract import Stats, StatsMessage
from umbel_core.messages import STATS_TOPIC

EVERY_SECONDS = 5.0


class Connections(Protocol):
    """Knows the subscribers, and which run of the ticker sends to them."""

    def subscribers(self, topics: list[str]) -> dict[str, set[str]]: ...
    def send(self, messages: Mapping[str, Sequence[bytes]]) -> None: ...
    def claim_ticker(self, run: str) -> None: ...
    def holds_ticker(self, run: str) -> bool: ...


class Ticker(msgspec.Struct, frozen=True):
    """Sends until a later run takes over; the clock starts a run every minute, so there is no gap."""

    stats: Callable[[], Stats]
    connections: Connections
    wait: Callable[[float], Any]

    def tick(self, run: str, seconds_left: Callable[[], float]) -> int:
        """Send while there are subscribers and time; return the number of messages sent."""
        sent = 0
        if self._subscribers():
            self.connections.claim_ticker(run)
        while (subscribers := self._subscribers()) and self.connections.holds_ticker(run):
            message = msgspec.json.encode(StatsMessage(stats=self.stats()))
            self.connections.send({socket: [message] for socket in subscribers})
            sent += len(subscribers)
            if seconds_left() < 3 * EVERY_SECONDS:
                break
            self.wait(EVERY_SECONDS)
        return sent

    def _subscribers(self) -> set[str]:
        return self.connections.subscribers([STATS_TOPIC]).get(STATS_TOPIC, set())
