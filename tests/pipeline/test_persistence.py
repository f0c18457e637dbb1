"""Tests of what a persistent engine keeps after kill -9, a full disk, a port change, a move and a copy of its folder.

Each test has an engine of its own, with a bucket, a queue and a table instead of the whole stack.
"""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import psutil
import pytest

from tests.pipeline.waiting import wait_for
from umbel import engine, environment
from umbel.paths import ROOT
from umbel.snapshots import digest

pytestmark = pytest.mark.engine

_START = """
from umbel import engine, restore
engine.start({port}, persist=True)
restore.allow_saving()
"""
_DOWN = "from umbel import lifecycle; print(lifecycle.down(now={now}))"


class Home:
    """A folder that is used as UMBEL_HOME, and the commands that are run with it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    def python(self, code: str, *, fails: bool = False) -> str:
        """Run Python code with this UMBEL_HOME; return its output."""
        done = subprocess.run(
            [sys.executable, "-c", f"from umbel.errors import UmbelError\n{code}"],
            env={**environment.clean(), "UMBEL_HOME": str(self.folder), "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stderr
        return done.stdout + done.stderr

    def umbel(self, *arguments: str) -> str:
        """Run an `umbel` command; return its output."""
        code = f"import sys; sys.argv = ['umbel', *{arguments!r}]\nfrom umbel import cli; cli.main()"
        return self.python(code)

    def start(self) -> str:
        """Start a persistent engine and allow it to save; return the output."""
        return self.python(_START.format(port=self.port))

    def down(self, *, now: bool = False, fails: bool = False) -> str:
        """Stop the engine as `umbel down` does; return the output."""
        return self.python(_DOWN.format(now=now), fails=fails)

    def save(self) -> None:
        """Take a snapshot now."""
        self.python("from umbel import engine; engine.save(engine.running(), final=False)")

    @property
    def process(self) -> psutil.Process:
        """The engine's process."""
        record = msgspec.json.decode((self.folder / "run" / "engine.json").read_bytes())
        return psutil.Process(record["pid"])

    def client(self, service: str) -> Any:
        """Return a client of the engine."""
        session: Any = boto3.Session("test", "test", region_name="us-east-1")
        return session.client(service, endpoint_url=engine.local_endpoint(self.port))

    def fill(self, text: str) -> None:
        """Create a bucket, a queue and a table, and put a text into each."""
        self.client("s3").create_bucket(Bucket="texts")
        self.client("sqs").create_queue(QueueName="texts")
        self.client("dynamodb").create_table(
            TableName="texts",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )
        self.put(text)

    def put(self, text: str) -> None:
        """Put a text into the bucket, the queue and the table."""
        self.client("s3").put_object(Bucket="texts", Key=text, Body=text.encode())
        self.client("sqs").send_message(QueueUrl=self.queue, MessageBody=text)
        self.client("dynamodb").put_item(TableName="texts", Item={"pk": {"S": text}})

    @property
    def queue(self) -> str:
        """The queue's URL."""
        return str(self.client("sqs").get_queue_url(QueueName="texts")["QueueUrl"])

    def texts(self) -> tuple[set[str], set[str], set[str]]:
        """Return the texts in the bucket, in the queue and in the table."""
        objects = self.client("s3").list_objects_v2(Bucket="texts").get("Contents", ())
        bodies = {self.client("s3").get_object(Bucket="texts", Key=each["Key"])["Body"].read() for each in objects}
        received = self.client("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        items = self.client("dynamodb").scan(TableName="texts")["Items"]
        return (
            {body.decode() for body in bodies},
            {message["Body"] for message in received.get("Messages", ())},
            {item["pk"]["S"] for item in items},
        )

    def kill(self) -> None:
        """Kill the engine without a chance to save."""
        process = self.process
        process.kill()
        psutil.wait_procs([process], timeout=10)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Return a home; stop every engine in the test's folder afterwards."""
    first = Home(tmp_path / "home", _free_port())
    yield first
    for folder in tmp_path.iterdir():
        Home(folder, first.port).python("from umbel import engine; engine.stop()")


@pytest.fixture
def filled(home: Home) -> Home:
    """Return a home with a running engine that has saved the text `one`, and has not saved the text `two`."""
    home.start()
    home.fill("one")
    home.save()
    home.put("two")
    return home


def _free_port() -> int:
    with socket.create_server((engine.HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def _all(*texts: str) -> tuple[set[str], set[str], set[str]]:
    return set(texts), set(texts), set(texts)


def test_after_a_kill_the_last_snapshot_is_restored_and_the_loss_is_reported(filled: Home) -> None:
    filled.kill()
    output = filled.start()
    assert "ended without saving its data, which was last saved at" in output
    assert "1 objects written after that were moved to" in output
    assert filled.texts() == _all("one")
    assert (filled.folder / "data" / "lost-1" / "000000000000" / "texts" / "two").read_text() == "two"
    filled.put("three")
    filled.kill()
    filled.start()
    assert filled.texts() == _all("one")


def test_after_down_all_data_is_restored_also_on_another_port(filled: Home) -> None:
    assert "its data is saved" in filled.down()
    assert not (filled.folder / "run").exists()
    filled.port = _free_port()
    assert "ended" not in filled.start()
    assert f":{filled.port}/" in filled.queue
    assert filled.texts() == _all("one", "two")
    filled.put("three")
    filled.down()
    filled.start()
    assert filled.texts() == _all("one", "two", "three")


def test_sigterm_saves_as_down_does(filled: Home) -> None:
    process = filled.process
    process.terminate()
    psutil.wait_procs([process], timeout=30)
    filled.start()
    assert filled.texts() == _all("one", "two")


def test_sighup_is_ignored(filled: Home) -> None:
    filled.process.send_signal(signal.SIGHUP)
    assert filled.texts() == _all("one", "two")
    assert filled.process.is_running()


def _limited(home: Home, limit: int) -> None:
    # As on a full disk, no file of the engine can grow beyond the limit.
    home.process.rlimit(psutil.RLIMIT_FSIZE, (limit, psutil.RLIM_INFINITY))


def test_on_a_full_disk_down_reports_an_error_and_does_not_stop(filled: Home) -> None:
    _limited(filled, 10)
    output = filled.down(fails=True)
    assert "Umbel still runs: its data, which was last saved at" in output
    assert "could not be saved: File too large" in output
    assert filled.texts() == _all("one", "two")
    _limited(filled, psutil.RLIM_INFINITY)
    assert "its data is saved" in filled.down()
    filled.start()
    assert filled.texts() == _all("one", "two")


def test_on_a_full_disk_down_now_stops_and_says_that_data_was_not_saved(filled: Home) -> None:
    _limited(filled, 10)
    assert "stopped without saving its data, which was last saved at" in filled.down(now=True)
    filled.start()
    assert filled.texts() == _all("one")


def test_a_snapshot_writes_objects_that_could_not_be_written_before(filled: Home) -> None:
    _limited(filled, 10)
    filled.client("s3").put_object(Bucket="texts", Key="long", Body=b"longer than ten bytes")
    _limited(filled, psutil.RLIM_INFINITY)
    filled.down()
    filled.start()
    assert "longer than ten bytes" in filled.texts()[0]


def test_nothing_is_saved_after_a_failed_deployment(filled: Home) -> None:
    filled.python("from umbel import restore; restore.forbid_saving()")
    output = filled.down()
    assert "the last deployment failed" in output
    filled.start()
    assert filled.texts() == _all("one")


def test_a_snapshot_that_the_engine_refuses_is_moved_aside_and_the_one_before_is_used(filled: Home) -> None:
    filled.down()
    newest = sorted((filled.folder / "data").glob("snapshot-*"))[-1]
    state = newest / "state" / "dynamodb.json"
    newer = msgspec.json.encode({**msgspec.json.decode(state.read_bytes()), "__ministack_format__": 999})
    state.write_bytes(newer)
    manifest = msgspec.json.decode((newest / "manifest.json").read_bytes())
    manifest["files"]["state/dynamodb.json"] = digest(newer)
    (newest / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    output = filled.start()
    assert f"the data saved in {newest.name} cannot be used" in output
    assert filled.texts() == _all("one")


def test_an_engine_in_a_moved_folder_is_saved_and_stopped(filled: Home) -> None:
    process = filled.process
    moved = Home(filled.folder.with_name("moved"), filled.port)
    filled.folder.rename(moved.folder)
    output = moved.python(
        "from umbel import engine, lifecycle\n"
        "assert engine.running().moved\n"
        "assert lifecycle._stop_moved(engine.running()) is None"
    )
    assert f"was moved from {filled.folder}, and had to be stopped; its data was saved" in output
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    moved.start()
    assert moved.texts() == _all("one", "two")
    assert not filled.folder.exists()


def test_a_copied_folder_does_not_touch_the_original_and_names_it(filled: Home) -> None:
    copy = Home(filled.folder.with_name("copy"), filled.port)
    shutil.copytree(filled.folder, copy.folder)
    assert f"this folder was copied or moved from {filled.folder} while Umbel ran: its data" in copy.down()
    output = copy.python(_START.format(port=copy.port), fails=True)
    assert f"port {filled.port} is taken by the Umbel of {filled.folder}" in output
    assert filled.texts() == _all("one", "two")
    copy.port = _free_port()
    copy.start()
    assert copy.texts() == _all("one")
    assert filled.texts() == _all("one", "two")


def test_a_second_start_does_not_touch_the_engine(filled: Home) -> None:
    assert "already runs" in filled.python(_START.format(port=_free_port()), fails=True)
    assert filled.texts() == _all("one", "two")


def test_a_command_waits_for_a_busy_engine(filled: Home) -> None:
    process = filled.process
    process.suspend()
    code = f"from umbel import engine; print(engine.is_answering('{engine.local_endpoint(filled.port)}'))"
    asking = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**environment.clean(), "UMBEL_HOME": str(filled.folder), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert asking.stderr
    assert f"busy (process {process.pid})" in asking.stderr.readline()
    process.resume()
    assert asking.communicate(timeout=30)[0] == "True\n"


def test_an_idle_engine_saves_by_itself(home: Home) -> None:
    home.start()
    home.fill("one")

    def saved() -> set[tuple[Path, int]]:
        manifests = (home.folder / "data").glob("snapshot-*/manifest.json")
        return {(manifest, manifest.stat().st_mtime_ns) for manifest in manifests}

    before = saved()  # on a busy machine, while it was filled
    home.put("two")
    wait_for(lambda: saved() - before, "a snapshot", timeout=20)
    home.kill()
    home.start()
    assert all("one" in texts for texts in home.texts())


def test_the_whole_stack_works_after_a_kill(home: Home, tmp_path: Path) -> None:
    picture = str(next((ROOT / "tests" / "pictures").glob("*.jpg")))
    home.umbel("up", "--persist", "--port", str(home.port))
    home.umbel("upload", picture, "--out", str(tmp_path / "home" / "out"))
    home.save()
    home.kill()
    assert f":{home.port}/" in home.umbel("up", "--persist")
    assert home.umbel("jobs").count("4/4") == 1
    home.umbel("upload", picture, "--out", str(tmp_path / "home" / "out"))
    assert home.umbel("jobs").count("4/4") == 2
