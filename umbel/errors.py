"""Define the errors that the command line prints as one line and turns into an exit status."""


class UmbelError(Exception):
    """An error whose sentence says what is wrong and what to do; `cli.main` prints it and exits with `status`."""

    def __init__(self, sentence: str, detail: str = "", status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status
        self.detail = detail
        """Lines that help to find the cause, such as the end of a log; printed before the sentence."""


class NotRunningError(UmbelError):
    """No Umbel runs in this checkout, and no other one is named."""

    def __init__(self) -> None:
        super().__init__("Umbel is not running here: make up (or --aws for the one on AWS)")
