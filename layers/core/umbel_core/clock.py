"""Time in the form of the contract: UTC, ISO 8601, with milliseconds."""

from datetime import UTC, datetime


def now() -> str:
    """Return the current time, like `2026-01-31T12:00:00.123Z`. It sorts as text."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """Return a time in the form of the contract."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch() -> int:
    """Return the seconds since 1970, which DynamoDB's time to live uses."""
    return int(datetime.now(UTC).timestamp())
