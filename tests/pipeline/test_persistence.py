"""What a persistent engine keeps: over kill -9, a full disk, another port, a moved and a copied folder.

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
here = engine.start({port}, persist=True)
restore.allow_saving()
"""
_DOWN = "from umbel import lifecycle; print(lifecycle.down(now={now}))"


class Home:
    """A folder that stands for a checkout's `.umbel`, and commands that are run with it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    def python(self, code: str, *, fails: bool = False) -> str:
        """Run code as the checkout's own; returns all that it says."""
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
        """Run a command; returns its answer."""
        code = f"import sys; sys.argv = ['umbel', *{arguments!r}]\nfrom umbel import cli; cli.main()"
        return self.python(code)

    def start(self) -> str:
        """Start a persistent engine whose state may be saved."""
        return self.python(_START.format(port=self.port))

    def down(self, *, now: bool = False, fails: bool = False) -> str:
        """Stop as `umbel down` does."""
        return self.python(_DOWN.format(now=now), fails=fails)

    def save(self) -> None:
        """Have a snapshot taken now."""
        self.python("from umbel import engine; engine.save(engine.running(), final=False)")

    @property
    def process(self) -> psutil.Process:
        """The engine's."""
        record = msgspec.json.decode((self.folder / "run" / "engine.json").read_bytes())
        return psutil.Process(record["pid"])

    def client(self, service: str) -> Any:
        """A client of the engine's."""
        return boto3.Session("test", "test", region_name="us-east-1").client(
            service, endpoint_url=engine.local_endpoint(self.port)
        )

    def fill(self, text: str) -> None:
        """Put a text into a bucket, a queue and a table."""
        self.client("s3").create_bucket(Bucket="kept")
        self.client("sqs").create_queue(QueueName="kept")
        self.client("dynamodb").create_table(
            TableName="kept",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )
        self.put(text)

    def put(self, text: str) -> None:
        """Add a text to each."""
        self.client("s3").put_object(Bucket="kept", Key=text, Body=text.encode())
        self.client("sqs").send_message(QueueUrl=self.queue, MessageBody=text)
        self.client("dynamodb").put_item(TableName="kept", Item={"pk": {"S": text}})

    @property
    def queue(self) -> str:
        """The queue's address."""
        return str(self.client("sqs").get_queue_url(QueueName="kept")["QueueUrl"])

    def texts(self) -> tuple[set[str], set[str], set[str]]:
        """What is in bucket, queue and table."""
        objects = self.client("s3").list_objects_v2(Bucket="kept").get("Contents", ())
        bodies = {self.client("s3").get_object(Bucket="kept", Key=each["Key"])["Body"].read() for each in objects}
        received = self.client("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        items = self.client("dynamodb").scan(TableName="kept")["Items"]
        return (
            {body.decode() for body in bodies},
            {message["Body"] for message in received.get("Messages", ())},
            {item["pk"]["S"] for item in items},
        )

    def kill(self) -> None:
        """End the engine as the kernel or a dead battery does."""
        process = self.process
        process.kill()
        psutil.wait_procs([process], timeout=10)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    here = Home(tmp_path / "home", _free_port())
    yield here
    for folder in tmp_path.iterdir():
        Home(folder, here.port).python("from umbel import engine; engine.stop()")


@pytest.fixture
def filled(home: Home) -> Home:
    """One with a started engine that holds `one`, saved, and `two`, not saved."""
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


def test_after_a_kill_the_last_snapshot_is_there_as_a_whole_and_the_rest_is_told(filled: Home) -> None:
    filled.kill()
    said = filled.start()
    assert "ended without saving its data, which was last saved at" in said
    assert "1 objects written after that were moved to" in said
    assert filled.texts() == _all("one")
    assert (filled.folder / "data" / "lost-1" / "000000000000" / "kept" / "two").read_text() == "two"
    filled.put("three")
    filled.kill()
    filled.start()
    assert filled.texts() == _all("one")


def test_after_down_everything_is_there_also_on_another_port(filled: Home) -> None:
    assert "its data is kept" in filled.down()
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


def test_a_hangup_changes_nothing(filled: Home) -> None:
    filled.process.send_signal(signal.SIGHUP)
    assert filled.texts() == _all("one", "two")
    assert filled.process.is_running()


def _limited(home: Home, limit: int) -> None:
    # As on a full disk: no file of the engine's can grow any more.
    home.process.rlimit(psutil.RLIMIT_FSIZE, (limit, psutil.RLIM_INFINITY))


def test_a_full_disk_keeps_the_last_snapshot_and_down_says_so_and_does_not_stop(filled: Home) -> None:
    _limited(filled, 10)
    said = filled.down(fails=True)
    assert "Umbel still runs: its data, which was last saved at" in said
    assert "could not be saved: File too large" in said
    assert filled.texts() == _all("one", "two")
    _limited(filled, psutil.RLIM_INFINITY)
    assert "its data is kept" in filled.down()
    filled.start()
    assert filled.texts() == _all("one", "two")


def test_on_a_full_disk_down_now_stops_and_says_what_is_not_kept(filled: Home) -> None:
    _limited(filled, 10)
    assert "stopped without saving its data, which was last saved at" in filled.down(now=True)
    filled.start()
    assert filled.texts() == _all("one")


def test_an_object_that_could_not_be_written_is_written_before_it_counts_as_saved(filled: Home) -> None:
    _limited(filled, 10)
    filled.client("s3").put_object(Bucket="kept", Key="long", Body=b"longer than ten bytes")
    _limited(filled, psutil.RLIM_INFINITY)
    filled.down()
    filled.start()
    assert "longer than ten bytes" in filled.texts()[0]


def test_nothing_is_saved_while_a_deployment_is_not_well(filled: Home) -> None:
    filled.python("from umbel import restore; restore.forbid_saving()")
    said = filled.down()
    assert "the last deployment did not end well" in said
    filled.start()
    assert filled.texts() == _all("one")


def test_state_that_the_engine_does_not_understand_is_moved_aside_and_the_one_before_is_used(filled: Home) -> None:
    filled.down()
    newest = sorted((filled.folder / "data").glob("snapshot-*"))[-1]
    state = newest / "state" / "dynamodb.json"
    newer = msgspec.json.encode({**msgspec.json.decode(state.read_bytes()), "__ministack_format__": 999})
    state.write_bytes(newer)
    manifest = msgspec.json.decode((newest / "manifest.json").read_bytes())
    manifest["files"]["state/dynamodb.json"] = digest(newer)
    (newest / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    said = filled.start()
    assert f"the data kept in {newest.name} cannot be used" in said
    assert filled.texts() == _all("one")


def test_a_moved_folder_is_saved_and_stopped_and_started_anew(filled: Home) -> None:
    process = filled.process
    moved = Home(filled.folder.with_name("moved"), filled.port)
    filled.folder.rename(moved.folder)
    said = moved.python(
        "from umbel import engine, lifecycle\n"
        "assert engine.running().moved\n"
        "assert lifecycle._stop_moved(engine.running()) is None"
    )
    assert f"was moved from {filled.folder}, and had to be stopped; its data was saved" in said
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    moved.start()
    assert moved.texts() == _all("one", "two")
    assert not filled.folder.exists()


def test_a_copy_leaves_the_original_alone_and_names_it(filled: Home) -> None:
    copy = Home(filled.folder.with_name("copy"), filled.port)
    shutil.copytree(filled.folder, copy.folder)
    assert f"this folder was copied or moved from {filled.folder} while Umbel ran: its data" in copy.down()
    said = copy.python(_START.format(port=copy.port), fails=True)
    assert f"port {filled.port} is taken by the Umbel of {filled.folder}" in said
    assert filled.texts() == _all("one", "two")
    copy.port = _free_port()
    copy.start()
    assert copy.texts() == _all("one")
    assert filled.texts() == _all("one", "two")


def test_a_second_start_leaves_the_engine_alone(filled: Home) -> None:
    assert "already runs" in filled.python(_START.format(port=_free_port()), fails=True)
    assert filled.texts() == _all("one", "two")


def test_a_busy_engine_is_waited_for(filled: Home) -> None:
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


def test_it_saves_by_itself_once_it_is_idle(home: Home) -> None:
    home.start()
    home.fill("one")

    def saved() -> list[Path]:
        return list((home.folder / "data").glob("snapshot-*/manifest.json"))

    wait_for(saved, "a snapshot", timeout=20)
    home.kill()
    home.start()
    assert home.texts() == _all("one")


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
