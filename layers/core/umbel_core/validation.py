"""What strangers wrote -> our types, or the place in their document and the rule that it breaks."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from umbel_core.errors import Rejected


def convert(value: Any, kind: Any, code: str, path: str = "$") -> Any:
    """The value as `kind`. `path` says where in the caller's document it stands."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        where = where.rstrip("`")
        if reason.startswith("Invalid enum value") and (choices := ", ".join(_choices(kind, where))):
            reason = f"{reason}; it is one of {choices}"
        raise Rejected(code, f"{path}{where}: {reason}") from error


def _choices(kind: Any, where: str) -> Iterator[str]:
    """The words that a value or a field of a struct takes; msgspec names the one that it does not take."""
    fields = msgspec.structs.fields(kind) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else ()
    return _words({"": kind, **{f".{field.name}": field.type for field in fields}}.get(where))


def _words(hint: Any) -> Iterator[str]:
    if isinstance(hint, str):
        yield hint
    for part in get_args(hint):
        yield from _words(part)
