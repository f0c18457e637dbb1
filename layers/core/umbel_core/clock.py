"""Time as the contract writes it: UTC, ISO 8601, milliseconds."""

from datetime import UTC, datetime


def now() -> str:
    """The present moment: `2026-01-31T12:00:00.123Z`. Sorts as text."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """One moment in the contract's form."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch() -> int:
    """Seconds since 1970, as DynamoDB's time to live counts them."""
    return int(datetime.now(UTC).timestamp())
