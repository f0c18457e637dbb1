"""The example ops of docs/ops.md: each is one file, and one entry where its input is of a new type."""

import shutil
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from infra.lanes import layers_of
from infra.packages import packages_of
from tests.docs.reading import blocks
from tests.infra.synthesis import OPS
from tests.ops.running import LIMITS
from umbel.paths import ROOT
from umbel_core.catalogue import load_op, read_ops
from umbel_core.errors import Rejected
from umbel_core.input_types import INPUT_TYPES, InputType
from worker.codecs.writing import Encoded
from worker.each_frame import made
from worker.work import call

PDF = ROOT / "examples" / "ops" / "pdf.py"
DOCUMENT: InputType = eval(
    next(block for block in blocks(ROOT / "docs" / "ops.md", "python") if 'name="document"' in block),
    {"InputType": InputType},
)
"""The entry that the document says is needed."""


@pytest.fixture
def ops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ops and the example, while the table has the type of its input."""
    monkeypatch.setattr("umbel_core.input_types.INPUT_TYPES", [DOCUMENT, *INPUT_TYPES])
    folder = tmp_path / "ops"
    shutil.copytree(OPS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PDF, folder)
    return folder


def pages(*colours: str) -> bytes:
    """Return a PDF with a page of 360 x 144 points in each colour, with a black corner."""
    made = []
    for colour in colours:
        page = Image.new("RGB", (720, 288), colour)
        ImageDraw.Draw(page).rectangle((0, 0, 99, 99), "black")
        made.append(page)
    out = BytesIO()
    made[0].save(out, "PDF", save_all=True, append_images=made[1:], resolution=144)
    return out.getvalue()


def drawn(ops: Path, document: bytes, **params: Any) -> Encoded:
    return made(partial(call, load_op(ops, "pdf"), params=params), document, params, LIMITS)


def protected() -> bytes:
    """Return a PDF that no password opens."""
    objects = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [] /Count 0>>",
        b"<</Filter /Standard /V 1 /R 2 /P -4 /O <" + 32 * b"41" + b"> /U <" + 32 * b"42" + b">>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj %s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"<</Size 4 /Root 1 0 R /Encrypt 3 0 R /ID [<41><41>]>>"
    start = len(body)
    return body + b"xref\n0 4\n0000000000 65535 f \n" + table + b"trailer %s\nstartxref\n%d\n%%%%EOF" % (trailer, start)


def test_the_example_is_as_short_as_an_op_of_the_repository() -> None:
    assert len(PDF.read_text().splitlines()) <= 60


def test_the_example_has_a_lane_with_its_package_alone(ops: Path) -> None:
    card = read_ops(ops)["pdf"]
    assert (card.takes, card.returns, card.media_types) == ("document", "picture", ("application/pdf",))
    layers = layers_of(card)
    assert set(layers) == {"core", "fetching", "imaging"}
    names = [package.split("==")[0].split(" ")[0] for package in packages_of(card, ops / "pdf.py", layers)]
    assert names == ["pypdfium2"]


@pytest.mark.parametrize(
    ("params", "size"),
    [({}, (750, 300)), ({"dpi": 72.0}, (360, 144)), ({"width": 1000}, (1000, 400)), ({"width": 97}, (97, 39))],
)
def test_a_page_has_the_size_that_was_asked_for(ops: Path, params: dict[str, Any], size: tuple[int, int]) -> None:
    result = drawn(ops, pages("red", "blue"), **params)
    assert (result.format, result.width, result.height) == ("png", *size)


def test_each_page_is_drawn_upright_in_its_colours(ops: Path) -> None:
    for number, colour in enumerate([(255, 0, 0), (0, 0, 255)], 1):
        image = Image.open(BytesIO(drawn(ops, pages("red", "blue"), page=number, width=360).data)).convert("RGB")
        for place, expected in [((300, 100), colour), ((10, 10), (0, 0, 0))]:
            found = image.getpixel(place)
            assert all(abs(one - two) < 12 for one, two in zip(found, expected, strict=True))  # type: ignore[arg-type]  # of an RGB


@pytest.mark.parametrize(
    ("document", "params", "code", "sentence"),
    [
        (pages("red"), {"page": 2}, "invalid_params", "there is no page 2; the PDF has 1."),
        (pages("red"), {"dpi": 72.0, "width": 30}, "invalid_params", "only one of dpi and width"),
        (pages("red"), {"width": 16_384}, "result_too_large", "16384 x 6554 pixels; at most 50 MP are drawn"),
        (pages("red")[:200], {}, "broken_picture", "is not a PDF, or is damaged"),
        (b"GIF89a", {}, "broken_picture", "is not a PDF, or is damaged"),
        (protected(), {}, "unsupported_format", "opens only with a password"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(
    ops: Path, document: bytes, params: dict[str, Any], code: str, sentence: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        drawn(ops, document, **params)
    assert refusal.value.code == code
    assert sentence in refusal.value.sentence
