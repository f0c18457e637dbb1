"""What `cdk.json`'s context and `-c` may say, with its bounds: read once, refused with a sentence."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from umbel_core.op import Bounds
from umbel_core.settings import Limits


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A deployment's settings; docs/settings.md is the table of them."""

    concurrency: dict[str, Annotated[int, Bounds(ge=0, le=1000)]] = {}
    """Op -> reserved concurrency, over the number in the op's own declaration."""
    reserve: bool = True
    """False: mapping caps alone, for accounts too small for reservations."""
    allowed_origins: list[str] = []
    """Further origins whose pages may call the API; the web app's own is always allowed."""
    alarm_email: str | None = None
    """Who is told when an alarm goes off."""
    keep_data: bool = True
    """False: `cdk destroy` deletes buckets and tables with what is in them."""
    max_upload_bytes: int = Limits().max_upload_bytes
    max_pixels: int = Limits().max_pixels
    max_tasks: int = Limits().max_tasks
    retention_days: int = Limits().retention_days

    @property
    def limits(self) -> Limits:
        """The part that functions read."""
        return msgspec.convert({name: getattr(self, name) for name in Limits.__struct_fields__}, Limits)


class SettingsError(Exception):
    """A setting that cannot be deployed; names it and the rule."""


def read_settings(context: Callable[[str], Any]) -> Settings:
    """Read the context; what comes by `-c` is text and is read as JSON where that is asked for."""
    given = {name: _read(context(name)) for name in Settings.__struct_fields__ if context(name) is not None}
    try:
        settings = msgspec.convert(given, Settings)
        _ = settings.limits
    except msgspec.ValidationError as fault:
        reason, _, where = str(fault).partition(" - at `$")
        place = where.strip("`").lstrip(".").replace("[...]", " (one of its values)")
        raise SettingsError(f"cdk.json context: {place}: {reason}") from fault
    return settings


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
