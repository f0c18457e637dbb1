"""Tests of the engine's clock: it follows the wall clock forward and never goes back."""

from umbel.engine_server.clock import steady


class _Machine:
    wall, running = 1_000_000.0, 5.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.running += seconds


def test_the_clock_equals_a_wall_clock_that_is_not_set() -> None:
    machine = _Machine()
    now = steady(lambda: machine.wall, lambda: machine.running)
    machine.passes(7)
    assert now() == machine.wall


def test_the_clock_goes_on_when_the_wall_clock_is_set_back() -> None:
    machine = _Machine()
    now = steady(lambda: machine.wall, lambda: machine.running)
    before = now()
    machine.wall -= 3600
    assert now() == before
    machine.passes(10)
    assert now() == before + 10


def test_the_clock_goes_forward_after_the_machine_slept() -> None:
    machine = _Machine()
    now = steady(lambda: machine.wall, lambda: machine.running)
    machine.wall += 8 * 3600
    assert now() == machine.wall
