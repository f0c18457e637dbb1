"""What went wrong, as one line for people and an exit status for scripts."""


class UmbelError(Exception):
    """A failure whose sentence names what is wrong and what to do; `cli.main` prints it and exits with `status`."""

    def __init__(self, sentence: str, detail: str = "", status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status
        self.detail = detail
        """Lines that help to see the reason, such as the end of a log; printed before the sentence."""


class NotRunningError(UmbelError):
    """There is no Umbel to talk to from here."""

    def __init__(self) -> None:
        super().__init__("Umbel is not running here: make up (or --aws for the one on AWS)")
