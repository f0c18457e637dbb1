"""The parts of the model: stations with a queue and servers, and throughput limits that make their users wait."""

from collections.abc import Callable, Generator, Iterable
from typing import Any

import simpy

Process = Generator[simpy.Event, Any, None]


class Throughput:
    """A number of units a second, as a partition key takes them: who writes more waits."""

    def __init__(self, env: simpy.Environment, units_a_second: float) -> None:
        self._env = env
        self._seconds = 1 / units_a_second
        self._free_at = 0.0
        self.used = 0.0

    def write(self, units: float) -> simpy.Event:
        """Return the event of the time when the units are written."""
        self.used += units * self._seconds
        self._free_at = max(self._env.now, self._free_at) + units * self._seconds
        return self._env.timeout(self._free_at - self._env.now)


class Station:
    """A queue whose items are served by so many servers at a time, each of which takes a batch."""

    def __init__(
        self,
        env: simpy.Environment,
        name: str,
        *,
        servers: int,
        seconds: Callable[[Any], float],
        done: Callable[[Any], None],
        batch: int = 1,
        writes: Iterable[tuple[Throughput, float]] = (),
        cores: simpy.Resource | None = None,
        wait: float = 0.0,
        fixed: float = 0.0,
    ) -> None:
        """`seconds` is the time of one item, `fixed` that of a batch beside; each item also makes these `writes`.

        `wait` is how late a free server begins.
        """
        self.name = name
        self.servers = servers
        self.busy = 0.0
        self._env = env
        self._seconds = seconds
        self._done = done
        self._batch = batch
        self._writes = list(writes)
        self._cores = cores
        self._wait = wait
        self._fixed = fixed
        self.queue: list[Any] = []
        self._idle = servers

    def put(self, item: Any) -> None:
        """Add an item; a free server begins at once."""
        self.queue.append(item)
        if self._idle:
            self._idle -= 1
            self._env.process(self._serve())

    def _serve(self) -> Process:
        if self._wait:
            yield self._env.timeout(self._wait)
        while self.queue:
            taken, self.queue[: self._batch] = self.queue[: self._batch], []
            start = self._env.now
            for throughput, units in self._writes:
                yield throughput.write(units * len(taken))
            work = self._fixed + sum(map(self._seconds, taken))
            if self._cores:
                with self._cores.request() as core:
                    yield core
                    yield self._env.timeout(work)
            else:
                yield self._env.timeout(work)
            self.busy += self._env.now - start
            for item in taken:
                self._done(item)
        self._idle += 1
