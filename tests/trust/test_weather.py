"""The weather of `umbel up --weather`: the functions' proxy is a process, whose rates are changed while it runs."""

import http.client
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from tests.pipeline.waiting import wait_for
from umbel import cli, weather
from umbel.fault_proxy import CALM, Status
from umbel.stack import Deployment


def test_the_proxy_injects_errors_only_outside_a_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weather, "SCRATCH", tmp_path)
    monkeypatch.setattr(weather, "_RECORD", tmp_path / "weather.json")
    monkeypatch.setattr(weather, "_LOG", tmp_path / "weather.jsonl")
    assert weather.status() is None
    port = int(weather.start(9).rpartition(":")[2])
    try:
        assert wait_for(weather.status, "the proxy to answer").rates == CALM
        with weather.paused():
            assert wait_for(weather.status, "the proxy to answer").rates == CALM
        assert wait_for(weather.status, "the proxy to answer").rates == weather.MILD
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/")
        assert connection.getresponse().status == 502, "no engine runs behind it"
    finally:
        for process in psutil.Process().children():
            if "umbel.fault_proxy" in process.cmdline():
                process.kill()


KNOWN = Status(seed=1, calls=10, rates=weather.MILD, kinds={"reply_lost": 2, "cut": 1}, injected={})


@pytest.mark.parametrize(("status", "shown"), [(KNOWN, True), (None, False)])
def test_umbel_status_shows_the_weather_in_one_line(
    monkeypatch: pytest.MonkeyPatch, status: Status | None, shown: bool
) -> None:
    monkeypatch.setattr(weather, "status", lambda: status)
    nowhere = dict.fromkeys(Deployment.__struct_fields__, "http://127.0.0.1:9/")
    monkeypatch.setattr("umbel.stack.find", lambda: Deployment(**nowhere))
    printed = CliRunner().invoke(cli.umbel, ["status"]).output
    assert ("weather" in printed, "3 errors injected into 10 calls: 1 cut, 2 reply lost" in printed) == (shown, shown)
