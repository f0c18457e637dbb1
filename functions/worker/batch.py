"""A lane's batch: which messages are processed, in which order, and which are delivered again."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import msgspec
from aws_lambda_powertools import Logger

from umbel_core.aws.consumer import SqsConsumer, seconds_to_timeout
from umbel_core.clock import epoch
from umbel_core.ledger import ENDED, Outcome
from umbel_core.messages import STORED_NAMES, RunTask
from umbel_core.sqs import Message
from worker import op_metrics
from worker.fused import run_together
from worker.groups import groups_of, run_group
from worker.redelivery import order_batch
from worker.runner import Runner
from worker.sharing import run_shared


class _Task(msgspec.Struct, rename=STORED_NAMES):
    """The part of a task that names its job."""

    job_id: str


class BatchRunner(msgspec.Struct, frozen=True):
    """Runs the tasks of a lane's batches."""

    runner: Runner
    consumer: SqsConsumer
    logger: Logger
    deployment: str = "umbel"
    """Names the deployment in the metrics."""

    def run(self, messages: list[Message], remaining_ms: Callable[[], int]) -> list[Message]:
        """Process a batch; return the messages that must be delivered again."""
        compute, remaining = self.runner.card.compute, remaining_ms()
        # Not computed for each attempt: when the worker dies, the messages come back after all claims of the batch.
        claimed_until = epoch() + seconds_to_timeout(remaining)
        self.runner.skipping.expect(_jobs_of(messages))
        redelivered = [message for message in messages if message.receives > 1]
        groups = groups_of(messages) if compute.ordered else [[message] for message in messages]
        order = order_batch(groups, self._suspects(redelivered))
        later = [message for group in order.later for message in group]
        if redelivered or compute.batch > 1:
            # A new message of a lane without batches is left out: it would cost one call for each task.
            self.consumer.show_at_timeout(messages, remaining, at_once=later)
        ended: dict[str, list[Outcome]] = defaultdict(list)
        work = partial(self._process, remaining_ms, claimed_until, ended)
        process = partial(self.consumer.process, remaining_ms=remaining_ms, work=work)
        run = partial(run_group, process=process, hand_back_behind=self._hand_back_behind)
        failed = [message for group in order.first for message in run(group)]
        with ThreadPoolExecutor(max(1, len(order.together)) if compute.ordered else 1) as pool:
            failed += [message for left in pool.map(run, order.together) for message in left]
        failed += [message for group in order.last for message in run(group)]
        for op, outcomes in ended.items():
            op_metrics.write(self.deployment, op, outcomes)
        return [*later, *failed]

    def _suspects(self, redelivered: list[Message]) -> set[str]:
        with ThreadPoolExecutor(max(1, len(redelivered))) as pool:
            found = zip(redelivered, pool.map(self._is_suspect, redelivered), strict=True)
            return {message.id for message, is_suspect in found if is_suspect}

    def _is_suspect(self, message: Message) -> bool:
        """Return whether a task of the message began, did not end and cannot be running: its worker was stopped."""
        try:
            command = msgspec.json.decode(message.body, type=RunTask)
            found = [self.runner.ledger.task(each.job_id, each.index) for each in command.tasks]
        except Exception:
            # Met again when the message is processed, which ends this message only.
            self.logger.exception("task not read", extra={"message_id": message.id})
            return True
        return any(task and task.status not in ENDED and task.begun and not task.may_be_running for task in found)

    def _process(
        self,
        remaining_ms: Callable[[], int],
        claimed_until: int,
        ended: dict[str, list[Outcome]],
        body: str,
        receives: int,
    ) -> None:
        self.logger.thread_safe_clear_keys()
        command = msgspec.json.decode(body, type=RunTask)
        run = partial(self._run_task, claimed_until, ended)
        in_time = partial(self.consumer.in_time, remaining_ms)
        if command.together:
            run_together(command, receives, run, in_time, self.logger)
        elif command.shared and command.round == 0:
            run_shared(command, receives, self.runner.ledger, run, in_time)
        else:
            run(command, receives)

    def _run_task(self, claimed_until: int, ended: dict[str, list[Outcome]], command: RunTask, receives: int) -> None:
        # In all log lines of this message, the one of an error included.
        self.logger.thread_safe_append_keys(job_id=command.job_id, trace_id=command.trace_id, variant=command.variant)
        outcome = self.runner.run(command, receives, claimed_until)
        if outcome:
            ended[command.op].append(outcome)
        status = outcome.status if outcome else "not needed"
        self.logger.info("task ended", extra={"status": status, "ms": outcome.duration_ms if outcome else 0})

    def _hand_back_behind(self, head: Message, message: Message) -> None:
        """Make a message visible when the failed one before it is: shown earlier, it would only use up receives."""
        self.consumer.retry_later(message, head.receives)


def _jobs_of(messages: list[Message]) -> Iterator[str]:
    for message in messages:
        # One that cannot be read ends alone, when it is processed.
        with suppress(msgspec.MsgspecError):
            yield msgspec.json.decode(message.body, type=_Task).job_id
