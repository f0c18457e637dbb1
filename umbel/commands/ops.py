"""`umbel ops`, `scale`, `redrive`."""

import click

from umbel import show, stack
from umbel.client import Client
from umbel_core.contract import Op, OpList
from umbel_core.encoding import Encoding


@click.command()
@show.as_json
def ops(as_json: bool) -> None:
    answer = OpList(ops=Client.of(stack.find()).ops())
    rows = (
        (
            *(op.name, op.takes, str(op.concurrency), show.state(op.state)),
            *(show.ago(op.last_success_at), _parameters(op), op.summary),
        )
        for op in answer.ops
    )
    columns = ("op", "takes", ">at once", "state", ">last success", "~parameters", "~what it does")
    show.result(answer, lambda _: show.table(columns, rows), json=as_json)


def _parameters(op: Op) -> str:
    """Return the names of an op's parameters, without those of every result that few callers need."""
    names = list(op.params.get("properties", {}))
    usual = [name for name in names if name not in Encoding.__struct_fields__ or name in ("format", "quality")]
    return ", ".join(usual) + ", …" * (len(usual) < len(names))


@click.command()
@click.argument("op")
@click.argument("concurrency", metavar="N", type=click.IntRange(0, 1000))
@show.as_json
def scale(op: str, concurrency: int, as_json: bool) -> None:
    answer = Client.of(stack.find(changing=True)).scale(op, concurrency)
    said = f"{op} is paused; its work waits" if concurrency == 0 else f"{op}: at most {concurrency} at a time"
    show.result(answer, lambda _: show.line(said), json=as_json)


@click.command()
@click.argument("op")
@show.as_json
def redrive(op: str, as_json: bool) -> None:
    answer = Client.of(stack.find(changing=True)).redrive(op)
    show.result(answer, lambda _: show.line(f"{op}: {answer.redriven} sent again"), json=as_json)
