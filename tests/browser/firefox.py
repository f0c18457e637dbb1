"""Drive a real Firefox over WebDriver BiDi, which needs no driver program."""

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

_TIMEOUT = 60
"""Seconds. It is long because these tests do not measure speed."""
_URL = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
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
    """One tab of a Firefox."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = count(1)
        self.call("session.new", capabilities={})
        self._tab = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def call(self, method: str, **params: Any) -> Any:
        """Send one command; return its result, or raise AssertionError with Firefox's answer."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=_TIMEOUT))
            if answer.get("id") == number:
                assert answer["type"] == "success", f"{method}: {answer}"
                return answer["result"]

    def open(self, url: str) -> None:
        """Open a URL as if a person had typed it, and wait until it is loaded."""
        self.call("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def run(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function in the page; return its result, or what its promise resolves to."""
        call = f"({function})(...{json.dumps(arguments)})"
        expression = f"Promise.resolve({call}).then((result) => JSON.stringify(result ?? null))"
        answer = self.call("script.evaluate", expression=expression, target={"context": self._tab}, awaitPromise=True)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    def wait_for(self, function: str, what: str, *arguments: Any) -> Any:
        """Call the function until its result is true; return that result."""
        return wait_for(lambda: self.run(function, *arguments), what)


@contextmanager
def firefox(program: Path, profile: Path, *, local_names: tuple[str, ...]) -> Iterator[Firefox]:
    """Run a Firefox that resolves the names in `local_names` to this machine."""
    preferences = {**_PREFERENCES, "network.dns.localDomains": ",".join(local_names)}
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items())
    (profile / "user.js").write_text("\n".join(lines))
    log = profile / "firefox.log"
    options: list[str | Path] = ["--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", profile]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, *options], env={**os.environ, "HOME": str(profile)}, stdout=out, stderr=out
        )
    try:
        found = wait_for(lambda: _URL.search(log.read_text(errors="replace")), "Firefox to start")
        with connect(f"{found[1]}/session", max_size=None, proxy=None, open_timeout=_TIMEOUT) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
