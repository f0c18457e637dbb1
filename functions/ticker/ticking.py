"""The numbers, again and again, to the sockets that asked for them."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from umbel_core.messages import NUMBERS
from umbel_core.stats import Stats

EVERY_SECONDS = 5.0


class Audience(Protocol):
    """Who listens, and which run of the ticker talks to them."""

    def listeners(self, topics: list[str]) -> dict[str, set[str]]: ...
    def tell(self, letters: dict[str, list[bytes]]) -> None: ...
    def take_over(self, run: str) -> None: ...
    def talks(self, run: str) -> bool: ...


class Ticker(msgspec.Struct, frozen=True):
    """A run tells all listeners until a later run takes over; the clock starts one a minute, so there is no gap."""

    numbers: Callable[[], Stats]
    audience: Audience
    wait: Callable[[float], Any]

    def tick(self, run: str, seconds_left: Callable[[], float]) -> int:
        """Tell the numbers while there are listeners and time; the number of messages sent."""
        sent = 0
        if self._listeners():
            self.audience.take_over(run)
        while (listeners := self._listeners()) and self.audience.talks(run):
            message = msgspec.json.encode({"type": "stats", "stats": self.numbers()})
            self.audience.tell({socket: [message] for socket in listeners})
            sent += len(listeners)
            if seconds_left() < 3 * EVERY_SECONDS:
                break
            self.wait(EVERY_SECONDS)
        return sent

    def _listeners(self) -> set[str]:
        return self.audience.listeners([NUMBERS]).get(NUMBERS, set())
