"""Socket messages -> AsyncAPI 3: what goes over the WebSocket, in both directions."""

import inspect
from collections.abc import Iterable
from typing import Any, get_args

import msgspec

from umbel_core.contract import ServerMessage, SocketAction

_REF = "#/components/schemas/{name}"
_LIST = "ServerMessages"
"""What the server sends: each WebSocket message is a list of messages."""
Document = dict[str, Any]


def document(version: str) -> Document:
    """Return the AsyncAPI document: one channel, one message for each action, and the list that the server sends."""
    actions, messages = get_args(SocketAction), get_args(ServerMessage)
    names = [kind.__name__ for kind in actions]
    _, schemas = msgspec.json.schema_components([*actions, *messages], ref_template=_REF)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Umbel",
            "version": version,
            "description": "Changes of jobs and tasks as they happen. A message may come twice or late: of two records "
            "the one with the higher version is newer.",
            "license": {"name": "MIT"},
        },
        "servers": {
            "socket": {
                "host": "abc123.execute-api.eu-central-1.amazonaws.com",
                "pathname": "/live",
                "protocol": "wss",
                "description": "As `umbel status` prints it",
                "security": [{"type": "httpApiKey", "name": "token", "in": "query"}],
            }
        },
        "channels": {
            "socket": {
                "address": "/",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in (*names, _LIST)},
            }
        },
        "operations": {
            "act": _operation("receive", "Ask for something.", names),
            "inform": _operation("send", "Answer an action, or say what changed.", [_LIST]),
        },
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in actions} | {_LIST: _list_message()},
            "schemas": dict(sorted((schemas | {_LIST: _list_of(messages)}).items())),
        },
    }


def _operation(action: str, summary: str, names: Iterable[str]) -> Document:
    """`action` is what the server does: send or receive."""
    return {
        "action": action,
        "channel": {"$ref": "#/channels/socket"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/socket/messages/{name}"} for name in names],
    }


def _message(kind: type[msgspec.Struct]) -> Document:
    return {
        "name": str(kind.__struct_config__.tag),
        "summary": (inspect.getdoc(kind) or "").split("\n")[0],
        "payload": {"$ref": _REF.format(name=kind.__name__)},
    }


def _list_message() -> Document:
    return {
        "name": "messages",
        "summary": "One or more messages, at most 32 kB together unless one of them is longer.",
        "payload": {"$ref": _REF.format(name=_LIST)},
    }


def _list_of(kinds: Iterable[type[msgspec.Struct]]) -> Document:
    return {"type": "array", "minItems": 1, "items": {"anyOf": [{"$ref": _REF.format(name=k.__name__)} for k in kinds]}}
