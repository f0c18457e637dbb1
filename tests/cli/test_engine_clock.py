"""The engine's clock follows the machine's forward, and is not turned back by it."""

from umbel.engine_server.clock import steady


class _Machine:
    wall, running = 1_000_000.0, 5.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.running += seconds


def test_it_agrees_with_a_clock_that_nobody_touches() -> None:
    machine = _Machine()
    now = steady(lambda: machine.wall, lambda: machine.running)
    machine.passes(7)
    assert now() == machine.wall


def test_a_clock_that_is_set_back_does_not_hold_it_up() -> None:
    machine = _Machine()
    now = steady(lambda: machine.wall, lambda: machine.running)
    before = now()
    machine.wall -= 3600
    assert now() == before
    machine.passes(10)
    assert now() == before + 10


def test_a_machine_that_slept_moves_it_forward() -> None:
    machine = _Machine()
    now = steady(lambda: machine.wall, lambda: machine.running)
    machine.wall += 8 * 3600
    assert now() == machine.wall
