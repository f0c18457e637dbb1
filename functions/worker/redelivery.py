"""Orders a batch so that a message that crashed its worker runs last and alone."""

from operator import attrgetter

from umbel_core.lane_settings import HANDED_BACK_UNTIL
from umbel_core.sqs import Message


def order_batch(messages: list[Message]) -> tuple[list[Message], list[Message]]:
    """Return the messages to process, in order, and those to hand back at once.

    New messages come first, then at most one redelivered message: it may have crashed the last worker, and when it
    does so again, no other message of the batch fails with it. Handing back costs a receive, so messages with many
    receives are processed in any case, last of all.
    """
    redelivered = sorted((message for message in messages if message.receives > 1), key=attrgetter("receives"))
    few = [message for message in redelivered if message.receives <= HANDED_BACK_UNTIL]
    many = [message for message in redelivered if message.receives > HANDED_BACK_UNTIL]
    new = [message for message in messages if message.receives == 1]
    return [*new, *few[:1], *many], few[1:]
