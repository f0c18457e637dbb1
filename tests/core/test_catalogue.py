"""The catalogue checks, as data, what the ops' own types would check."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from umbel_core.catalogue import Catalogue, read_ops
from umbel_core.errors import Rejected
from umbel_core.op import Bounds, Url, describe, op

OPS = read_ops(Path("functions/ops"))


@op()
def odd(
    values: list[float],
    *,
    size: Annotated[int, Bounds(ge=1, le=9, multiple_of=2)] = 2,
    share: Annotated[float, Bounds(gt=0, lt=1)] = 0.5,
    word: Annotated[str, Bounds(min_length=2, max_length=4, pattern="^[a-z]+$")] = "ab",
    kind: Literal["a", "b"] = "a",
    level: Literal[1, 2] = 1,
    maybe: Annotated[int, Bounds(ge=0)] | None = None,
    either: int | str = 0,
    names: Annotated[list[str], Bounds(max_length=2)] = [],  # noqa: B006 - ops are read, not called
    details: dict[str, Any] = {},  # noqa: B006 - as above
    flag: bool = False,
) -> float:
    """Every kind of parameter."""
    return sum(values)


@op()
def visit(url: Url) -> str:
    """A URL."""
    return url


CATALOGUE = Catalogue([describe(odd), describe(visit)])


@pytest.mark.parametrize("name", [*OPS])
def test_every_op_survives_the_way_through_json(name: str, tmp_path: Path) -> None:
    (tmp_path / "catalogue.json").write_bytes(OPS.dump())
    loaded = Catalogue.load(tmp_path / "catalogue.json")
    assert loaded[name] == OPS[name]
    defaults = {key: value["default"] for key, value in OPS[name].params["properties"].items() if "default" in value}
    assert set(OPS[name].params["properties"]) == {*defaults, *OPS[name].params.get("required", ())}
    if not OPS[name].params.get("required"):
        loaded.check_params(name, defaults)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"size": 8, "share": 0.1, "word": "abcd", "kind": "b", "level": 2, "maybe": 3, "either": "x"},
        {"maybe": None, "either": 5, "names": ["a", "b"], "details": {"a": [1, None]}, "flag": True},
        {"share": 0.99},
    ],
)
def test_what_the_types_take_is_taken(params: dict[str, Any]) -> None:
    CATALOGUE.check("odd", [1, 2.5], params)


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"size": 0}, "/params/size"),
        ({"size": 3}, "/params/size"),
        ({"size": 10}, "/params/size"),
        ({"size": 2.5}, "/params/size"),
        ({"size": "2"}, "/params/size"),
        ({"share": 0}, "/params/share"),
        ({"share": 1.0}, "/params/share"),
        ({"word": "a"}, "/params/word"),
        ({"word": "abcde"}, "/params/word"),
        ({"word": "AB"}, "/params/word"),
        ({"kind": "c"}, "/params/kind"),
        ({"level": 3}, "/params/level"),
        ({"maybe": -1}, "/params/maybe"),
        ({"either": 1.5}, "/params/either"),
        ({"names": ["a", "b", "c"]}, "/params/names"),
        ({"names": ["a", 2]}, "/params/names/1"),
        ({"details": []}, "/params/details"),
        ({"flag": 1}, "/params/flag"),
        ({"other": 1}, "/params/other"),
    ],
)
def test_what_the_types_refuse_is_refused_with_its_path(params: dict[str, Any], path: str) -> None:
    with pytest.raises(Rejected) as refusal:
        CATALOGUE.check("odd", [1], params)
    assert (refusal.value.code, refusal.value.pointer) == ("invalid_params", path)


@pytest.mark.parametrize("wrong", ["ftp://x", "file:///etc/passwd", 3, "https://" + "x" * 3000])
def test_an_input_is_checked_like_a_parameter(wrong: Any) -> None:
    CATALOGUE.check("visit", "https://example.org", {})
    with pytest.raises(Rejected, match=r"^invalid_input: input must "):
        CATALOGUE.check("visit", wrong, {})


def test_cards_say_what_an_op_takes_and_gives() -> None:
    assert [(card.takes, card.returns) for card in CATALOGUE.values()] == [("numbers", "value"), ("url", "value")]
    assert msgspec.json.decode(CATALOGUE.dump())["ops"][0]["summary"] == "Every kind of parameter."
