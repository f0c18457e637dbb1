"""Run every picture op on the files named on standard input, and print one line of JSON for each run.

Each run is a process of its own, forked from this one, which has imported what a worker imports: a crash ends only that
run, and its memory and time can be measured.
"""

import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from umbel.paths import ROOT

sys.path.insert(0, str(ROOT / "functions"))

from PIL import Image, ImageCms  # noqa: F401 - imported here, not once in each run

import worker.wiring  # noqa: F401 - so that a run has a worker's memory from the start
from umbel_core.catalogue import load_op
from umbel_core.errors import Rejected
from umbel_core.messages import RunTask
from umbel_core.op import OpCard, describe
from umbel_core.settings import Limits
from worker.codecs.reading import identify
from worker.work import FileSource, PictureDestination, Work, in_ledger

OPS = ROOT / "functions" / "ops"
LIMITS = Limits()
HANG_SECONDS = 60
"""A run is killed after this time. It is longer than what is allowed, so that the report can say how long a run takes;
a run that takes less of the processor, because the machine is busy, is not killed.
"""
_METADATA = {"exif", "xmp", "XML:com.adobe.xmp", "comment", "photobuckets", "icc_profile", "iptc"}
_SECRETS = (b"Exif\0\0", b"http://ns.adobe.com/xap/", b"<x:xmpmeta", b"Photobuckets 3.0")


class Run(msgspec.Struct, kw_only=True):
    """How one run ended."""

    file: str
    op: str
    code: str = ""
    """`completed`, the code of the refusal, or what must not be: `crash`, `hang`, `exception`, `metadata`, `log`."""
    detail: str = ""
    seconds: float = 0
    """Of the processor."""
    megabytes: float = 0
    """The largest memory of the process, its libraries included."""


class OneFile:
    """The uploads bucket with one file, and a results bucket that keeps the last result."""

    def __init__(self) -> None:
        self.data, self.result = b"", b""

    def fetch(self, key: str, etag: str | None, version: str | None) -> bytes:
        """Return the file."""
        return self.data

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Keep the result."""
        self.result = data

    def file(self, url: str, seconds: float) -> bytes:
        """Nothing is fetched."""
        raise NotImplementedError


def picture_ops() -> dict[str, OpCard]:
    """Return the cards of the ops that take a picture, by name."""
    cards = (describe(load_op(OPS, path.stem)) for path in sorted(OPS.glob("*.py")))
    return {card.name: card for card in cards if card.takes == "picture"}


def params_of(card: OpCard) -> Iterator[dict[str, Any]]:
    """Return parameters for an op: small numbers and short texts for what it requires, each value of a choice once."""
    first_of = card.params.get("anyOf", [{}])[0]
    names = [*card.params.get("required", ()), *first_of.get("required", ())]
    required = {name: card.params["properties"][name] for name in names}
    fixed = {
        name: "abc" if schema.get("anyOf", [schema])[0].get("type") == "string" else 16
        for name, schema in required.items()
        if "enum" not in schema
    }
    choices = [(name, value) for name, schema in required.items() for value in schema.get("enum", ())]
    yield from ({**fixed, name: value} for name, value in choices)
    if not choices:
        yield fixed


def judge(path: Path, cards: dict[str, OpCard]) -> Iterator[Run]:
    """Run every op on a file. A file whose header is refused is refused by each op alike, which is run only once."""
    buckets = OneFile()
    buckets.data = path.read_bytes()
    header = forked(Run(file=path.name, op="header"), partial(_identified, buckets.data))
    for card in cards.values():
        for params in params_of(card):
            name = " ".join([card.name, *(str(value) for value in params.values() if isinstance(value, str))])
            if header.code != "completed":
                yield msgspec.structs.replace(header, op=name)
            else:
                yield forked(Run(file=path.name, op=name), partial(_work, card, params, buckets))


def _identified(data: bytes) -> None:
    identify(data, LIMITS)


def _work(card: OpCard, params: dict[str, Any], buckets: OneFile) -> bytes:
    function = load_op(OPS, card.name)
    destination = PictureDestination(buckets, LIMITS) if card.returns == "picture" else in_ledger
    work = Work(function, FileSource(card, function, buckets, buckets, LIMITS), destination)
    result = work(RunTask(job_id="j1", index=0, op=card.name, variant="v", input="uploads/a", params=params))
    msgspec.json.encode(result)
    return buckets.result


def forked(run: Run, work: Callable[[], bytes | None], hang_seconds: int = HANG_SECONDS) -> Run:
    """Do the work, which returns a picture's bytes or nothing, in a forked process and return how it ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(hang_seconds)
        os.close(reader)
        os.write(writer, msgspec.json.encode(_measured(run, work)))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status, usage = os.wait4(child, 0)
    if os.WIFEXITED(status) and answer:
        return msgspec.json.decode(answer, type=Run)
    ended_by = signal.Signals(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None
    run.code = "hang" if ended_by is signal.SIGALRM else "crash"
    run.detail, run.seconds, run.megabytes = str(ended_by), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    return run


def _measured(run: Run, work: Callable[[], bytes | None]) -> Run:
    start, made = time.process_time(), None
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            made = work()
            run.code = "completed"
        except Rejected as refusal:
            run.code, run.detail = refusal.code, refusal.sentence
        except BaseException as error:  # noqa: BLE001 - whatever it is, the report names it
            run.code, run.detail = "exception", f"{type(error).__name__}: {error}"[:300]
        log.seek(0)
        written = log.read(300).decode(errors="replace")
    run.seconds = time.process_time() - start
    run.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if made and (found := _metadata(made)):
        run.code, run.detail = "metadata", found
    elif written:
        run.code, run.detail = "log", written
    return run


def _metadata(result: bytes) -> str:
    """Return what a result has besides its pixels; empty when it is as it should be."""
    try:
        with Image.open(BytesIO(result)) as picture:
            found = sorted(_METADATA & set(picture.info)) + ["exif"] * bool(picture.getexif())
    except OSError as error:
        return f"the result cannot be read: {error}"
    return ", ".join(found + [secret.decode("latin-1") for secret in _SECRETS if secret in result])


def main() -> None:
    """Answer each line of standard input, a path, with the runs on that file as one JSON list."""
    cards = picture_ops()
    for line in sys.stdin:
        runs = list(judge(Path(line.rstrip("\n")), cards))
        sys.stdout.buffer.write(msgspec.json.encode(runs) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
