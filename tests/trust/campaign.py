"""Send work to a deployment while errors are injected and workers are killed, and check that nothing was lost."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from PIL import Image

from tests.fetching.server import Site
from tests.pipeline.deployment import Deployed
from tests.trust.checker import DEAD_LETTERS, Violation, dead_letters, violations
from tests.trust.disturbances import Disturbances, through_proxy
from tests.trust.history import Final, History, Record, Sent, Watcher
from tests.trust.load import Load, Loads
from tests.trust.outcome import SHOWN, Outcome, Settings
from umbel.client import Client
from umbel.errors import ApiError, UmbelError
from umbel.fault_proxy import CALM, FaultProxy
from umbel_core.contract import Job as JobRecord
from umbel_core.contract import Task

_MOST_RETRIES = 4
"""Retries of a job whose tasks were given up because of injected errors."""
_SEND_TRIES = 30


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
        self._found: list[Violation] = []
        self._server_errors = 0
        self._said = time.time()
        self._disturbances = Disturbances(deployed, settings)

    def run(self, log: Path | None = None) -> Outcome:
        """Run the campaign; return its outcome."""
        start = time.time()
        watcher = Watcher(self._deployed.stack.socket, self._client.http.token, self._history)
        with FaultProxy(self._deployed.port, seed=self._settings.seed, log=log) as proxy:
            with through_proxy(self._deployed, proxy), watcher.watching():
                proxy.rates = self._settings.rates
                with self._disturbances.during():
                    self._send_all()
                    self._wait_for_all()
                proxy.rates = CALM
            status = proxy.status()
        finals = self._read_all()
        fetched = Counter(self._site.asked)
        found = [*violations(self._history, finals, fetched), *self._found]
        given_up = [*self._seen_given_up.values()]
        waits = [max(0.0, (sent.ended_at or time.time()) - max([sent.at, *sent.retries])) for sent in self._sent()]
        pages = [wanted.page for sent in self._sent() for wanted in sent.expected.values() if wanted.page]
        faults = Counter({SHOWN[kind]: count for kind, count in status.kinds.items()})
        faults["messages copied into queues"] = self._disturbances.copies
        return Outcome(
            seed=self._settings.seed,
            seconds=round(time.time() - start, 1),
            jobs=len(self._history.sent),
            tasks=sum(len(sent.expected) for sent in self._sent()),
            kinds=dict(Counter(sent.kind for sent in self._sent())),
            faults=faults,
            by_call=status.injected,
            calls=status.calls,
            kills=dict(self._disturbances.kills),
            messages=watcher.messages,
            connections=watcher.connections,
            server_errors=self._server_errors,
            retries=sum(len(sent.retries) for sent in self._sent()),
            given_up=len(given_up) + len(dead_letters(finals)[0]),
            fetched_again=sum(fetched[page] > 1 for page in pages),
            slowest=round(max(waits, default=0.0), 1),
            violations=found,
        )

    def _sent(self) -> list[Sent]:
        return list(self._history.sent.values())

    def _send_all(self) -> None:
        with TemporaryDirectory() as folder:
            loads = Loads(self._site, Path(folder), self._settings.seed, self._settings.values)
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
                if not self._is_passing(error):
                    raise
                last = error
            time.sleep(0.2)
        raise UmbelError(f"{what}: {_SEND_TRIES} tries failed, the last with: {last}")

    def _is_passing(self, error: UmbelError) -> bool:
        """Count an answer 5xx; return whether the request may succeed when it is sent again."""
        status = error.status if isinstance(error, ApiError) else None
        self._server_errors += status is not None and status >= 500
        return status is None or status == 429 or status >= 500

    def _is_over(self) -> bool:
        """Return whether every open job has had its time."""
        now = time.time()
        sent = self._history.sent
        return all(now - max([sent[job].at, *sent[job].retries]) > self._settings.longest for job in self._open)

    def _wait_for_all(self) -> None:
        while self._open and not self._is_over():
            self._look()

    def _look(self) -> None:
        """Read the open jobs; retry those that must be retried."""
        time.sleep(1)
        sent = self._history.sent
        if time.time() - self._said > 20:
            self._said = time.time()
            self._say(f"{len(sent)} jobs sent, {len(self._open)} open, {self._disturbances.kills.total()} kills")
        for job_id in sorted(self._open):
            if time.time() - max([sent[job_id].at, *sent[job_id].retries]) > self._settings.longest:
                continue
            try:
                job = self._client.job(job_id).record
            except UmbelError as error:
                if not self._is_passing(error):
                    self._found.append(Violation("lost", job_id, f"the API answers for an accepted job: {error}"))
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
            self._found += [
                Violation("dead letter", task["id"], f"no injected error explains: {task['error']['message']}")
                for task in unexplained
            ]
            if load.mend:
                load.mend()
            try:
                self._client.job(job.id).retry()
            except UmbelError as error:
                # It may have been carried out all the same.
                self._is_passing(error)
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
