"""The jobs of a campaign: every op of the catalogue, in every way in which work can be sent, with the right results."""

import hashlib
import random
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

import msgspec
from PIL import Image

from tests.fetching.server import Site
from tests.trust.history import Expected
from umbel.client import Client
from umbel_core.contract import BatchRequest, CrawlRequest, Manifest, TaskAccepted, TaskSpec, Visit

Send = Callable[[Client], str]


class Load(msgspec.Struct, kw_only=True):
    """One job to send, and what must become of its tasks."""

    kind: str
    send: Send
    expected: dict[str, Expected]
    by: Literal["place", "input", "variant"] = "place"
    stop_group: bool = False
    ordered: bool = False
    mend: Callable[[], None] | None = None
    """Called when the job has failed: it removes the cause, and a retry must complete the job."""


class Loads:
    """Makes jobs with a seed. The pictures and pages that they name are served by `site`."""

    def __init__(self, site: Site, folder: Path, seed: int, values: int) -> None:
        """A job of values has at most so many tasks."""
        self._site = site
        self._folder = folder
        self._random = random.Random(seed)
        self._values = values
        self._count = 0
        self._run = token_hex(4)
        """In every path, because a campaign and its control share one server."""

    def make(self, tasks: int) -> Iterator[Load]:
        """Yield jobs of all kinds, in turn, with at least this many tasks in all."""
        makers = (
            self._texts, self._upload, self._single, self._batch, self._fused, self._pictures, self._limited,
            self._crawl, self._upload, self._single, self._retried, self._texts, self._single, self._waits,
        )  # fmt: skip
        made = 0
        while made < tasks:
            for maker in makers:
                load = maker()
                made += len(load.expected)
                yield load

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._run}-{self._count}"

    def _picture(self, width: int | None = None) -> tuple[bytes, int, int]:
        """Return a JPEG that no other equals, and its size."""
        width, height = width or self._random.randint(40, 200), self._random.randint(40, 200)
        noise = Image.frombytes("RGB", (8, 8), self._random.randbytes(192))
        file = BytesIO()
        noise.resize((width, height)).save(file, "JPEG")
        return file.getvalue(), width, height

    def _text(self) -> str:
        return "".join(self._random.choices("abcdefghij klmnopé漢", k=self._random.randint(1, 30)))

    def _upload(self) -> Load:
        path, made = self._photo("upload")
        return Load(kind="upload", by="variant", expected=made, send=lambda client: client.upload(path).id)

    def _fused(self) -> Load:
        """Return an upload all of whose variants are in one message; the picture is too small for one of them."""
        path, made = self._photo("fused")
        made |= {"sign": Expected(), "part": Expected(status="failed", code="crop_outside")}
        return Load(
            kind="fused", by="variant", expected=made, send=lambda client: client.upload(path, recipe="together").id
        )

    def _photo(self, kind: str) -> tuple[Path, dict[str, Expected]]:
        """Return a file, and the variants that the recipe `default` makes of it."""
        data, width, height = self._picture()
        path = self._folder / f"{self._name(kind)}.jpg"
        path.write_bytes(data)
        made = {name: Expected(picture=(width, height)) for name in ("blur", "grayscale", "thumbnail")}
        made["rotate90"] = Expected(picture=(height, width))
        return path, made

    def _value(self) -> tuple[TaskSpec, Expected]:
        op = self._random.choice(("reverse", "upper", "hash", "sum"))
        if op == "sum":
            numbers = [self._random.randint(-1000, 1000) for _ in range(self._random.randint(1, 9))]
            return TaskSpec(op, numbers), Expected(value=sum(numbers))
        text = self._text()
        results = {"reverse": text[::-1], "upper": text.upper(), "hash": hashlib.sha256(text.encode()).hexdigest()}
        return TaskSpec(op, text), Expected(value=results[op])

    def _manifest(
        self, kind: str, tasks: list[tuple[TaskSpec, Expected]], most: int | None = None, **options: Any
    ) -> Load:
        manifest = Manifest([spec for spec, _ in tasks], name=self._name(kind), max_in_flight=most)
        expected = {str(place): wanted for place, (_, wanted) in enumerate(tasks)}
        return Load(kind=kind, expected=expected, send=lambda client: client.submit(manifest).id, **options)

    def _texts(self) -> Load:
        return self._manifest(
            "values", [self._value() for _ in range(self._random.randint(self._values // 2, self._values))]
        )

    def _limited(self) -> Load:
        """Return a job of which few tasks are in flight at a time."""
        return self._manifest("limited", [self._value() for _ in range(24)], most=6)

    def _waits(self) -> Load:
        seconds = [self._random.choice((0.05, 0.1, 0.25)) for _ in range(4)]
        return self._manifest("waits", [(TaskSpec("wait", each), Expected(value=each)) for each in seconds])

    def _pictures(self) -> Load:
        """Return a job with each other op that takes or makes a picture."""
        data, width, height = self._picture()
        path = f"/{self._name('picture')}.jpg"
        self._site.files[path] = data
        url = self._site.url(path)
        size = self._random.randint(64, 128)
        info = {"width": width, "height": height, "format": "jpeg", "bytes": len(data)}
        ops: list[tuple[str, dict[str, Any], Expected]] = [
            ("resize", {"width": size, "height": 50}, Expected(picture=(size, 50))),
            ("crop", {"width": 30, "height": 20}, Expected(picture=(30, 20))),
            ("convert", {"format": "png"}, Expected(picture=(width, height), fields={"format": "png"})),
            ("info", {}, Expected(fields=info)),
            ("crop", {"width": 9999, "height": 20}, Expected(status="failed", code="crop_outside")),
            ("thumbnail", {"width": 20, "height": 20}, Expected(fields={"format": "jpeg"})),
        ]
        tasks = [(TaskSpec(op, url, params), wanted) for op, params, wanted in ops]
        tasks.append((TaskSpec("qr", self._text(), {"size": size}), Expected(picture=(size, size))))
        return self._manifest("pictures", tasks)

    def _single(self) -> Load:
        spec, wanted = self._value()
        body = {"type": spec.op, "payload": spec.input}

        def send(client: Client) -> str:
            return client.http.call(TaskAccepted, "POST", "tasks", body=body).id

        return Load(kind="task", expected={"0": wanted}, send=send)

    def _batch(self) -> Load:
        """Return stores with a row of images each; an image of every third store is missing."""
        name, expected, visits = self._name("batch"), {}, []
        for store in range(4):
            bad = self._random.randrange(3) if store % 3 == 0 else None
            urls = []
            for place in range(4):
                data, width, height = self._picture()
                path = f"/{name}/{store}/{place}.jpg"
                urls.append(self._site.url(path))
                wanted = Expected(value={"width": width, "height": height, "perimeter": 2 * (width + height)})
                if bad is None or place < bad:
                    self._site.files[path] = data
                elif place == bad:
                    wanted = Expected(status="failed", code="no_such_picture")
                else:
                    wanted = Expected(status="skipped", code="group_stopped")
                expected[urls[-1]] = wanted
            visits.append(Visit(store_id=f"store {store}", image_url=urls))
        request = BatchRequest(count=len(visits), visits=visits)
        send: Send = lambda client: client.submit(request, "batches").id  # noqa: E731 - as the others
        return Load(kind="batch", by="input", expected=expected, send=send, stop_group=True, ordered=True)

    def _crawl(self) -> Load:
        name, expected = self._name("crawl"), {}
        for place in range(self._random.randint(10, 30)):
            path = f"/{name}/{place}.html"
            self._site.files[path] = f"<title>{name} {place}</title>".encode()
            fields = {"status": 200, "title": f"{name} {place}"}
            expected[self._site.url(path)] = Expected(fields=fields, page=path)
        request = CrawlRequest(urls=list(expected), workers=4)
        send: Send = lambda client: client.submit(request, "crawls").id  # noqa: E731 - as the others
        return Load(kind="crawl", by="input", expected=expected, send=send, ordered=True)

    def _retried(self) -> Load:
        """Return an ordered job whose second picture is missing at first; its retry completes it."""
        name, tasks = self._name("retried"), []
        missing: dict[str, bytes] = {}
        for place in range(4):
            data, width, height = self._picture()
            path = f"/{name}/{place}.jpg"
            (missing if place == 1 else self._site.files)[path] = data
            wanted = Expected(value={"width": width, "height": height, "perimeter": 2 * (width + height)})
            tasks.append((TaskSpec("measure", self._site.url(path), group="one"), wanted))
        return self._manifest("retried", tasks, ordered=True, mend=lambda: self._site.files.update(missing))
