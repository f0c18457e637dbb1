"""The router's function: send a request on to the API of the cell that its key belongs to.

`GET /route?key=uploads/photo.jpg` answers with the cell; any other path is a 307 to the same path there. A client asks
once for each key and then speaks with the cell itself: a job lives in the cell that made it.
"""

import json
import os
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any


def cell_of(key: str, cells: Iterable[str]) -> str:
    """Return the cell of a key: the one with the highest hash of its name and the key (rendezvous hashing).

    A cell that is added takes an equal part of the keys from each of the others, and no key moves between those.
    """
    return max(cells, key=lambda cell: blake2b(f"{cell}\n{key}".encode(), digest_size=8).digest())


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a request of API Gateway's HTTP API."""
    cells: dict[str, str] = json.loads(os.environ["CELLS"])
    key = (event.get("queryStringParameters") or {}).get("key")
    if not key:
        return {"statusCode": 400, "body": json.dumps({"error": "say which key: ?key=uploads/photo.jpg"})}
    cell = cell_of(key, cells)
    if event["rawPath"] == "/route":
        return {"statusCode": 200, "body": json.dumps({"cell": cell, "api": cells[cell]})}
    return {"statusCode": 307, "headers": {"Location": f"{cells[cell].rstrip('/')}{event['rawPath']}"}}
