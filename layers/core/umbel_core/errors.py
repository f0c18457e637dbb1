"""Who caused an error, as a type: `Rejected` is the caller's, every other exception is ours."""

from collections.abc import Iterable
from typing import Any

Path = tuple[str | int, ...]
"""The position of a value in a request: names of fields and indexes of lists, the outermost first."""


class Rejected(Exception):  # noqa: N818 - a decision on the input, not an error of the code
    """The input cannot be worked on: recorded with its sentence, acknowledged, never retried.

    `code` is a stable word for programs (`too_many_pixels`), `sentence` names the error and the fix for people, `path`
    says which part of the request is wrong; empty when it is the whole.
    """

    def __init__(self, code: str, sentence: str, path: Path = ()) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.path = path

    @property
    def pointer(self) -> str:
        """`path` as a JSON Pointer (RFC 6901); empty for the whole request."""
        return json_pointer(self.path)


class Transient(Rejected):
    """An input that may work a little later, as with a busy host: retried a few times before the task fails.

    `after_seconds` is the time until the next try; without it, a pause that grows from try to try. `result` is what the
    task ends with after the last try; without it, the task fails.
    """

    def __init__(
        self, code: str, sentence: str, path: Path = (), *, after_seconds: int | None = None, result: Any = None
    ) -> None:
        super().__init__(code, sentence, path)
        self.after_seconds = after_seconds
        self.result = result


class Postponed(Exception):  # noqa: N818 - not an error: the task waits
    """The task must wait; its message is shown again after `after_seconds`.

    With `contended`, others wait for the same, and one of them gets it: the pause is random and grows from receive to
    receive, so that a message does not use up its receives.
    """

    def __init__(self, sentence: str, after_seconds: int, *, contended: bool = False) -> None:
        super().__init__(sentence)
        self.after_seconds = after_seconds
        self.contended = contended


class LastAttemptError(Exception):
    """The last attempt of a task ended in an error, from which this is raised: its message becomes a dead letter."""


def json_pointer(path: Iterable[str | int]) -> str:
    """`("tasks", 0, "op")` as `/tasks/0/op`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def dotted(path: Iterable[str | int]) -> str:
    """`("tasks", 0, "op")` as people write it: `tasks[0].op`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
