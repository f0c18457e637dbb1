"""Read visits to stores from a file: JSON as `POST /batches` takes it, a list of visits, or CSV."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any, NamedTuple, get_args

from umbel.errors import UmbelError
from umbel_core.contract import Group

_COLUMNS = ("store_id", "image_url", "visit_time")
_LONGEST_STORE = get_args(Group)[1].max_length
_DELIMITERS = ",;\t"


class _Row(NamedTuple):
    line: int
    store_id: str
    image_url: str
    visit_time: str


def read_visits(data: bytes, file: str) -> dict[str, Any]:
    """Return the body of `POST /batches`; `UmbelError` names the file and the line that cannot be read.

    What is not JSON is CSV with the columns of `store_id,image_url[,visit_time]`, an image a row, with or without a
    header, separated by commas, semicolons or tabs. Rows of one store and time that stand together are one visit.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UmbelError(f"{file}: this is not text in UTF-8") from None
    if text.lstrip().startswith(("{", "[")):
        return _from_json(text, file)
    visits: list[dict[str, Any]] = []
    for row in _rows(text, file):
        _add(visits, row)
    if not visits:
        raise UmbelError(f"{file}: there are no visits in it")
    return {"count": len(visits), "visits": visits}


def _from_json(text: str, file: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise UmbelError(f"{file}: this is not JSON, from line {error.lineno}, column {error.colno} on") from None
    except RecursionError:
        raise UmbelError(f"{file}: this is JSON with too many levels") from None
    if isinstance(document, list):
        document = {"visits": document}
    # A count in the file is checked by the API.
    if isinstance(document.get("visits"), list):
        document.setdefault("count", len(document["visits"]))
    return dict(document)


def _rows(text: str, file: str) -> Iterator[_Row]:
    rows = _reader(text, _delimiter(text))
    columns: list[str] = []
    try:
        for cells in rows:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if not columns and (columns := _header(values)):
                if missing := [name for name in _COLUMNS[:2] if name not in columns]:
                    raise UmbelError(f"{file}, line {rows.line_num}: the column {missing[0]} is missing")
                continue
            columns = columns or list(_COLUMNS)
            named = dict(zip(columns, values, strict=False))
            yield _checked(_Row(rows.line_num, *(named.get(name, "") for name in _COLUMNS)), file)
    except csv.Error:
        raise UmbelError(f"{file}, line {rows.line_num}: this is not CSV") from None


def _reader(text: str, delimiter: str) -> Any:
    return csv.reader(StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)


def _delimiter(text: str) -> str:
    """Return the first separator with which the first row has a header or a URL."""
    return next((delimiter for delimiter in _DELIMITERS if _fits(text, delimiter)), ",")


def _fits(text: str, delimiter: str) -> bool:
    try:
        rows = ([cell.strip() for cell in cells] for cells in _reader(text, delimiter))
        first = next(filter(any, rows), [])
    except csv.Error:
        return False
    return len(first) > 1 and bool(_header(first) or any(map(_is_http_url, first)))


def _header(values: list[str]) -> list[str]:
    """Return the names of the columns if the row is a header, else an empty list."""
    names = [value.lower() for value in values]
    return names if "image_url" in names or "store_id" in names else []


def _is_http_url(value: str) -> bool:
    return value.lower().startswith(("http://", "https://"))


def _checked(row: _Row, file: str) -> _Row:
    where = f"{file}, line {row.line}"
    if not 0 < len(row.store_id) <= _LONGEST_STORE:
        raise UmbelError(f"{where}: store_id must have 1 to {_LONGEST_STORE} characters")
    if not _is_http_url(row.image_url):
        raise UmbelError(f"{where}: image_url must be an http or https URL, not '{row.image_url[:100]}'")
    return row


def _add(visits: list[dict[str, Any]], row: _Row) -> None:
    last = visits[-1] if visits else {}
    if (last.get("store_id"), last.get("visit_time", "")) == (row.store_id, row.visit_time):
        last["image_url"].append(row.image_url)
        return
    visit = {"store_id": row.store_id, "image_url": [row.image_url]}
    visits.append({**visit, "visit_time": row.visit_time} if row.visit_time else visit)
