"""A real Firefox, driven over WebDriver BiDi, which it speaks without a further program."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.pipeline.waiting import wait_for

_PATIENCE = 60
"""Seconds; nothing here is about speed."""
_ADDRESS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_PREFERENCES = {
    "app.normandy.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 0,
    "toolkit.telemetry.enabled": False,
}


class Firefox:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = count(1)
        self.call("session.new", capabilities={})
        self._tab = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def call(self, method: str, **params: Any) -> Any:
        """Send one command; its result, or an AssertionError with Firefox's own words."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=_PATIENCE))
            if answer.get("id") == number:
                assert answer["type"] == "success", f"{method}: {answer}"
                return answer["result"]

    def open(self, address: str) -> None:
        """Open an address as a person who types it, and wait until it is there."""
        self.call("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def run(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function in the page with these values; what it gives, or what its promise comes to."""
        called = (
            f"Promise.resolve(({function})(...{json.dumps(arguments)})).then((made) => JSON.stringify(made ?? null))"
        )
        answer = self.call("script.evaluate", expression=called, target={"context": self._tab}, awaitPromise=True)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    def wait_for(self, function: str, what: str, *arguments: Any) -> Any:
        """What the function gives as soon as that is true."""
        return wait_for(lambda: self.run(function, *arguments), what)


@contextmanager
def firefox(program: Path, profile: Path, *, here: tuple[str, ...]) -> Iterator[Firefox]:
    """A Firefox for which the names in `here` lead to this machine."""
    preferences = {**_PREFERENCES, "network.dns.localDomains": ",".join(here)}
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items())
    (profile / "user.js").write_text("\n".join(lines))
    log = profile / "said.log"
    command = [program, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", profile]
    with log.open("wb") as said:
        process = subprocess.Popen(  # the Firefox that was found
            command, env={**os.environ, "HOME": str(profile)}, stdout=said, stderr=said
        )
    try:
        found = wait_for(lambda: _ADDRESS.search(log.read_text(errors="replace")), "Firefox to start")
        with connect(f"{found[1]}/session", max_size=None, proxy=None, open_timeout=_PATIENCE) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
