"""The weather of `umbel up --weather`: the functions' proxy is a process, whose rates are changed while it runs."""

import http.client
from pathlib import Path

import psutil
import pytest

from tests.pipeline.waiting import wait_for
from umbel import weather
from umbel.fault_proxy import CALM, MILD, Status


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
        assert wait_for(weather.status, "the proxy to answer").rates == MILD
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/")
        assert connection.getresponse().status == 502, "no engine runs behind it"
    finally:
        for process in psutil.Process().children():
            if "umbel.fault_proxy" in process.cmdline():
                process.kill()


def test_the_weather_is_described_in_one_line() -> None:
    known = Status(seed=1, calls=10, rates=MILD, kinds={"reply_lost": 2, "cut": 1}, injected={})
    assert weather.describe(known) == "3 errors injected into 10 calls: 1 cut, 2 reply lost"
