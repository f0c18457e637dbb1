"""A WebSocket server on this machine that sends what a test wants, to one connection after another."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from umbel_core.contract import ServerMessage

Talk = Callable[["Connection"], object]


class Connection:
    """One connection, as the server has it."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    def send(self, *messages: ServerMessage) -> None:
        """Send messages, each in a list of its own."""
        for message in messages:
            self.send_list(message)

    def send_list(self, *messages: ServerMessage) -> None:
        """Send one list of messages."""
        self._connection.send(msgspec.json.encode(messages).decode())

    def send_single(self, message: ServerMessage) -> None:
        """Send a message that is in no list, as deployments did before."""
        self._connection.send(msgspec.json.encode(message).decode())

    def send_text(self, text: str) -> None:
        """Send a text that may be no message."""
        self._connection.send(text)

    def receive(self) -> dict[str, str]:
        """Return the next action that the client sends."""
        return msgspec.json.decode(self._connection.recv(timeout=10), type=dict[str, str])

    def stay(self) -> None:
        """Keep the connection open until the client closes it."""
        for _ in self._connection:
            pass


@contextmanager
def talking(*talks: Talk) -> Iterator[str]:
    """Serve one talk per connection, then close it; later connections are closed at once. Yield the URL."""
    left = list(talks)

    def talk(connection: ServerConnection) -> None:
        if not left:
            return
        try:
            left.pop(0)(Connection(connection))
        except ConnectionClosed:
            return

    with serve(talk, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
