"""How many mutants the tests killed, by module."""

from collections import defaultdict

_KILLED = {"killed", "timeout", "caught by type check", "segfault"}
_NOT_RUN = {"not checked", "skipped"}


class Score:
    """The statuses of mutants, as `mutmut results` prints them: `    <module>.<mutant>: <status>`."""

    def __init__(self, results: str) -> None:
        self.survivors: dict[str, list[str]] = defaultdict(list)
        self.killed: dict[str, int] = defaultdict(int)
        for line in results.splitlines():
            name, _, status = line.strip().partition(": ")
            if not status or status in _NOT_RUN:
                continue
            module = name.rpartition(".")[0]
            if status in _KILLED:
                self.killed[module] += 1
            else:
                self.survivors[module].append(name if status == "survived" else f"{name} ({status})")

    def total(self) -> tuple[int, int]:
        """Return the numbers of killed mutants and of all."""
        killed = sum(self.killed.values())
        return killed, killed + sum(map(len, self.survivors.values()))

    def percent(self) -> float:
        """Return the share of killed mutants; 100 when there are none."""
        killed, every = self.total()
        return 100 * killed / every if every else 100.0

    def lines(self) -> list[str]:
        """Return the survivors and the score of each module, the worst module last."""
        counts = {
            module: (self.killed[module], self.killed[module] + len(self.survivors[module]))
            for module in {*self.killed, *self.survivors}
        }
        worst_last = sorted(counts, key=lambda module: (-counts[module][0] / counts[module][1], module))
        survivors = [f"  {name}" for module in worst_last for name in self.survivors[module]]
        scores = [
            f"{100 * killed / every:5.1f} %  {killed:4} of {every:4}  {module}"
            for module in worst_last
            for killed, every in [counts[module]]
        ]
        return [*survivors, *scores]
