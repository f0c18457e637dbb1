"""Send work to a deployment while errors are injected and workers are killed, and check that nothing was lost."""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import psutil
from PIL import Image

from tests.fetching.server import Site
from tests.pipeline.deployment import Deployed
from tests.trust.checker import DEAD_LETTERS, LONGEST, Violation, dead_letters, violations
from tests.trust.history import Final, History, Record, Sent, Watcher
from tests.trust.load import Load, Loads
from umbel import engine, stack
from umbel.client import Client
from umbel.errors import UmbelError
from umbel.fault_proxy import CALM, STORM, FaultProxy
from umbel_core.contract import Job as JobRecord
from umbel_core.contract import Task

_MOST_RETRIES = 4
"""Retries of a job whose tasks were given up because of injected errors."""
_SEND_TRIES = 30
_NAME = "AWS_LAMBDA_FUNCTION_NAME"
_SHOWN = {
    "throttled": "calls throttled",
    "slow_down": "calls answered with SlowDown by S3",
    "reset": "connections reset before the call",
    "reply_lost": "connections reset after the call was carried out",
    "cut": "answers cut in half",
    "dropped": "messages that matched no subscription",
    "copied": "publishing calls repeated up to 5 s later",
    "shuffled": "publishing calls with their messages in another order",
}
"""The kinds of injected errors, as the report names them."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how hard a campaign is."""

    tasks: int = 2000
    kills: int = 30
    seed: int = 1
    in_flight: int = 24
    """Jobs that have not ended when the next one is sent."""
    kill_every: float = 5.0
    copies_every: float = 2.0
    longest: float = LONGEST


class Outcome(msgspec.Struct, kw_only=True):
    """What a campaign did and found."""

    seed: int
    seconds: float
    jobs: int
    tasks: int
    kinds: dict[str, int]
    """Jobs by kind."""
    faults: Counter[str]
    """Injected errors by kind."""
    by_call: dict[str, int]
    calls: int
    kills: dict[str, int]
    messages: int
    connections: int
    refused: int
    """Requests that were answered with an error and sent again."""
    retries: int
    given_up: int
    """Dead letters that an injected error explains; each was retried."""
    fetched_again: int
    """Pages that were fetched more than once."""
    slowest: float
    violations: list[Violation]

    @property
    def found(self) -> Counter[str]:
        """Violations by kind."""
        return Counter(violation.kind for violation in self.violations)


@contextlib.contextmanager
def through_proxy(deployed: Deployed, proxy: FaultProxy) -> Iterator[None]:
    """Send the AWS calls of every function through the proxy during the block."""
    lambdas = deployed.client("lambda")
    names = [
        each["FunctionName"]
        for page in lambdas.get_paginator("list_functions").paginate()
        for each in page["Functions"]
        if each["FunctionName"].startswith(f"{stack.STACK}-")
    ]
    before = {
        name: lambdas.get_function_configuration(FunctionName=name).get("Environment", {}).get("Variables", {})
        for name in names
    }
    for name, variables in before.items():
        changed = {**variables, "AWS_ENDPOINT_URL": proxy.url}
        lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
    threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield
    finally:
        for name, variables in before.items():
            lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        proxy.shutdown()


class Campaign:
    """One campaign against a deployment."""

    def __init__(
        self, deployed: Deployed, site: Site, settings: Settings, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self._deployed = deployed
        self._site = site
        self._settings = settings
        self._say = say
        self._client = Client(deployed.stack.api, deployed.token("operator"), deployed.stack.socket)
        self._history = History()
        self._loads: dict[str, Load] = {}
        self._open: set[str] = set()
        self._seen_given_up: dict[str, Record] = {}
        self._unexplained: list[Violation] = []
        self._kills: Counter[str] = Counter()
        self._copies = 0
        self._refused = 0
        self._stopping = threading.Event()
        self._random = random.Random(settings.seed)

    def run(self, log: Path | None = None) -> Outcome:
        """Run the campaign; return its outcome."""
        start = time.time()
        watcher = Watcher(self._deployed.stack.socket, self._client.http.token, self._history)
        with FaultProxy(self._deployed.port, seed=self._settings.seed, log=log) as proxy:
            with through_proxy(self._deployed, proxy), watcher.watching():
                proxy.rates = STORM
                with self._in_background(self._kill, self._copy_messages):
                    self._send_all()
                    self._wait_for_all()
                proxy.rates = CALM
            status = proxy.status()
        finals = self._read_all()
        fetched = Counter(self._site.asked)
        found = [*violations(self._history, finals, fetched), *self._unexplained]
        given_up = [*self._seen_given_up.values()]
        waits = [max(0.0, (sent.ended_at or time.time()) - max([sent.at, *sent.retries])) for sent in self._sent()]
        pages = [wanted.page for sent in self._sent() for wanted in sent.expected.values() if wanted.page]
        faults = Counter({_SHOWN[kind]: count for kind, count in status.kinds.items()})
        faults["messages copied into queues"] = self._copies
        return Outcome(
            seed=self._settings.seed,
            seconds=round(time.time() - start, 1),
            jobs=len(self._history.sent),
            tasks=sum(len(sent.expected) for sent in self._sent()),
            kinds=dict(Counter(sent.kind for sent in self._sent())),
            faults=faults,
            by_call=status.injected,
            calls=status.calls,
            kills=dict(self._kills),
            messages=watcher.messages,
            connections=watcher.connections,
            refused=self._refused,
            retries=sum(len(sent.retries) for sent in self._sent()),
            given_up=len(given_up) + len(dead_letters(finals)[0]),
            fetched_again=sum(fetched[page] > 1 for page in pages),
            slowest=round(max(waits, default=0.0), 1),
            violations=found,
        )

    def _sent(self) -> list[Sent]:
        return list(self._history.sent.values())

    @contextlib.contextmanager
    def _in_background(self, *works: Callable[[], None]) -> Iterator[None]:
        threads = [threading.Thread(target=self._repeat, args=[work], daemon=True) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(Exception):  # a queue or process that is gone: the next round finds another
                work()

    def _kill(self) -> None:
        """Kill one process of a function: an op's more often than another's."""
        self._stopping.wait(self._settings.kill_every)
        if self._kills.total() >= self._settings.kills:
            self._stopping.wait(5)
            return
        ours = engine.running()
        assert ours
        named: dict[str, list[psutil.Process]] = {}
        for process in psutil.Process(ours.pid).children():
            with contextlib.suppress(psutil.Error):
                name = process.environ().get(_NAME, "").removeprefix(f"{stack.STACK}-")
                if name and process.status() != psutil.STATUS_ZOMBIE:
                    named.setdefault(name, []).append(process)
        ops = sorted(name for name in named if name.startswith("op-"))
        others = sorted(name for name in named if name in {"relay", "dead-letters", "ticker"})
        names = ops if ops and (not others or self._random.random() < 0.75) else others
        if names:
            name = self._random.choice(names)
            for process in named[name]:
                process.kill()
                self._kills[name] += 1

    def _copy_messages(self) -> None:
        """Send copies of messages that wait in a queue, in another order."""
        self._stopping.wait(self._settings.copies_every)
        sqs = self._deployed.client("sqs")
        queues = [
            url
            for url in sqs.list_queues(QueueNamePrefix=f"{stack.STACK}-").get("QueueUrls", [])
            if "-dead" not in url and ("intake" in url or "-op-" in url)
        ]
        for queue in self._random.sample(queues, min(4, len(queues))):
            messages = sqs.receive_message(
                QueueUrl=queue, MaxNumberOfMessages=3, VisibilityTimeout=1, AttributeNames=["All"]
            ).get("Messages", [])
            self._random.shuffle(messages)
            for message in messages:
                order: dict[str, Any] = {}
                if group := message.get("Attributes", {}).get("MessageGroupId"):
                    order = {"MessageGroupId": group, "MessageDeduplicationId": f"copy-{self._random.random()}"}
                sqs.send_message(QueueUrl=queue, MessageBody=message["Body"], **order)
                self._copies += 1

    def _send_all(self) -> None:
        with TemporaryDirectory() as folder:
            loads = Loads(self._site, Path(folder), self._settings.seed)
            for load in loads.make(self._settings.tasks):
                while len(self._open) >= self._settings.in_flight and not self._is_over():
                    self._look()
                job_id = self._send(load)
                self._loads[job_id] = load
                self._history.sent[job_id] = Sent(
                    job_id=job_id,
                    kind=load.kind,
                    by=load.by,
                    expected=load.expected,
                    at=time.time(),
                    stop_group=load.stop_group,
                    ordered=load.ordered,
                )
                self._open.add(job_id)
        self._say(f"sent {len(self._history.sent)} jobs")

    def _send(self, load: Load) -> str:
        return str(self._insistently(lambda: load.send(self._client), f"send {load.kind}"))

    def _insistently(self, call: Callable[[], Any], what: str) -> Any:
        """Call until the API answers: it may answer 500 while its own calls fail."""
        for _ in range(_SEND_TRIES):
            try:
                return call()
            except UmbelError as error:
                if 400 <= getattr(error, "status", 500) < 500 and getattr(error, "status", 500) != 429:
                    raise
                self._refused += 1
                last = error
            time.sleep(0.2)
        raise UmbelError(f"{what}: {_SEND_TRIES} tries failed, the last with: {last}")

    def _is_over(self) -> bool:
        """Return whether every open job has had its time."""
        now = time.time()
        sent = self._history.sent
        return all(now - max([sent[job].at, *sent[job].retries]) > self._settings.longest for job in self._open)

    def _wait_for_all(self) -> None:
        said = time.time()
        while self._open and not self._is_over():
            self._look()
            if time.time() - said > 20:
                said = time.time()
                self._say(f"{len(self._open)} jobs open, {self._kills.total()} kills, {self._refused} refused")

    def _look(self) -> None:
        """Read the open jobs; retry those that must be retried."""
        time.sleep(1)
        sent = self._history.sent
        for job_id in sorted(self._open):
            if time.time() - max([sent[job_id].at, *sent[job_id].retries]) > self._settings.longest:
                continue
            try:
                job = self._client.job(job_id).record
            except UmbelError:
                self._refused += 1
                continue
            if job.ended:
                self._ended(sent[job_id], job)

    def _ended(self, sent: Sent, job: JobRecord) -> None:
        load = self._loads[sent.job_id]
        given_up = []
        if job.status == "failed":
            tasks = self._insistently(
                lambda: [msgspec.to_builtins(task) for task in self._client.job(job.id).tasks()], "read tasks"
            )
            self._history.take(*tasks)
            given_up = [task for task in tasks if (task["error"] or {}).get("code") in DEAD_LETTERS]
            no_plan = any(error.code == "not_planned" for error in job.errors)
        must_retry = job.status == "failed" and (load.mend is not None or given_up or no_plan)
        if must_retry and len(sent.retries) < _MOST_RETRIES:
            explained, unexplained = dead_letters({job.id: Final(job={}, tasks=given_up, pictures={})})
            self._seen_given_up |= {f"{task['id']} {len(sent.retries)}": task for task in explained}
            self._unexplained += [
                Violation("dead letter", task["id"], f"no injected error explains: {task['error']['message']}")
                for task in unexplained
            ]
            if load.mend:
                load.mend()
            try:
                self._client.job(job.id).retry()
            except UmbelError:
                self._refused += 1
                # It may have been carried out all the same.
            sent.retries.append(time.time())
            return
        sent.ended_at = time.time()
        self._open.discard(job.id)

    def _read_all(self) -> dict[str, Final]:
        with ThreadPoolExecutor(4) as pool:
            return {final.job["id"]: final for final in pool.map(self._read, list(self._history.sent)) if final}

    def _read(self, job_id: str) -> Final | None:
        try:
            job = self._client.job(job_id)
        except UmbelError:
            return None
        tasks: list[Task] = list(job.tasks())
        records = [msgspec.to_builtins(task) for task in tasks]
        wanted = self._history.sent[job_id]
        pictures = {
            record["id"]: self._open_picture(record["result"])
            for place, record in enumerate(records)
            if record["status"] == "completed"
            and (expected := wanted.expected.get(wanted.key(place, record)))
            and expected.picture
        }
        return Final(job=msgspec.to_builtins(job.record), tasks=records, pictures=pictures)

    def _open_picture(self, result: Any) -> Record:
        if not isinstance(result, dict) or "url" not in result:
            return {"error": f"no file: {result!r:.80}"}
        answer = self._client.http.request("GET", result["url"])
        if answer.status != 200:
            return {"error": f"its link answers {answer.status}"}
        try:
            with Image.open(BytesIO(answer.data)) as picture:
                picture.load()
                return {"bytes": len(answer.data), "width": picture.width, "height": picture.height}
        except (OSError, SyntaxError) as error:
            return {"error": str(error)}
