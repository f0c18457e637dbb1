"""`umbel token create|list|revoke`."""

import time

import click
import msgspec

from umbel import show, stack, tokens
from umbel_core.tokens import Role, TokenRecord


@click.group()
def token() -> None:
    pass


@token.command()
@click.option("--role", type=click.Choice(["viewer", "operator"]), default="viewer", show_default=True)
@click.option("--label", default="", help="Whose it is, for `umbel token list`.")
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True), help="How long it is valid; without it, until revoked."
)
@show.as_json
def create(role: Role, label: str, days: float | None, as_json: bool) -> None:
    """Create a token. It is printed only now and stored nowhere."""
    secret, record = tokens.create(stack.find(changing=True), role, label, days)
    answer = {"token": secret, "id": record.id, "role": record.role, "expires_at": record.ends_at}
    show.result(answer, lambda _: show.line(secret), json=as_json)


@token.command(name="list")
@show.as_json
def every(as_json: bool) -> None:
    """List the tokens, without their secrets."""
    records = tokens.token_table(stack.find()).all()
    public = [_public(record) for record in records]
    rows = ((r.id, r.role, r.label, show.timestamp(r.created_at), _until(r.ends_at)) for r in records)
    columns = ("id", "role", "label", "created", "valid")
    show.result(public, lambda _: show.table(columns, rows), json=as_json)


@token.command()
@click.argument("id_", metavar="ID")
@show.as_json
def revoke(id_: str, as_json: bool) -> None:
    """Revoke the token with this id, at once."""
    record = tokens.revoke(stack.find(changing=True), id_)
    show.result({"revoked": record.id}, lambda _: show.line(f"{record.id} is revoked"), json=as_json)


def _public(record: TokenRecord) -> dict[str, object]:
    """Return a token's record for people: without the hash, which is of use to nobody, and with the token's own end."""
    fields: dict[str, object] = msgspec.to_builtins(record)
    fields.pop("valid_until", None)
    end = {} if record.ends_at is None else {"expires_at": record.ends_at}
    return {**fields, **end, "token_hash": None}


def _until(expires_at: int | None) -> str:
    if expires_at is None:
        return "until revoked"
    return time.strftime("until %Y-%m-%d %H:%M:%S", time.gmtime(expires_at))
