"""Whose fault it is, said by the type: `Rejected` is the caller's, everything else is ours."""


class Rejected(Exception):  # noqa: N818 - a verdict on the input, not a malfunction
    """The input cannot be worked on, ever: recorded with its sentence, acknowledged, never retried.

    `code` is a stable word for programs (`too_many_pixels`), `sentence` names the fault and the fix for people.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


class Transient(Rejected):
    """A refusal that may pass by itself, as that of a busy host: tried again a few times before it is final."""
