"""Socket messages -> AsyncAPI 3: what goes over the WebSocket, in both directions."""

import inspect
from typing import Any, get_args

import msgspec

from umbel_core.contract import ServerMessage, SocketAction

_REF = "#/components/schemas/{name}"
Document = dict[str, Any]


def document(version: str) -> Document:
    """Return the AsyncAPI document: one channel, one message for each struct of the contract."""
    actions, messages = get_args(SocketAction), get_args(ServerMessage)
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
                "messages": {
                    kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"} for kind in (*actions, *messages)
                },
            }
        },
        "operations": {
            "act": _operation("receive", "Ask for something.", actions),
            "inform": _operation("send", "Answer an action, or say what changed.", messages),
        },
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in (*actions, *messages)},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _operation(action: str, summary: str, kinds: tuple[type[msgspec.Struct], ...]) -> Document:
    """`action` is what the server does: send or receive."""
    return {
        "action": action,
        "channel": {"$ref": "#/channels/socket"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/socket/messages/{kind.__name__}"} for kind in kinds],
    }


def _message(kind: type[msgspec.Struct]) -> Document:
    return {
        "name": str(kind.__struct_config__.tag),
        "summary": (inspect.getdoc(kind) or "").split("\n")[0],
        "payload": {"$ref": _REF.format(name=kind.__name__)},
    }
