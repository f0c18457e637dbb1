"""Tests of the files that `umbel batch` takes: JSON, a bare list of visits, CSV."""

import json
from typing import Any

import pytest

from umbel.errors import UmbelError
from umbel.visits import read_visits

TWO = [
    {"store_id": "S1", "image_url": ["https://a.example/1.jpg", "https://a.example/2.jpg"]},
    {"store_id": "S2", "image_url": ["https://a.example/3.jpg"], "visit_time": "2026-01-31T12:00:00Z"},
]
CSV = "store_id,image_url,visit_time\nS1,https://a.example/1.jpg,\nS1,https://a.example/2.jpg,\nS2,https://a.example/3.jpg,2026-01-31T12:00:00Z\n"


def _visits(text: str) -> Any:
    body = read_visits(text.encode(), "visits")
    assert body["count"] == len(body["visits"])
    return body["visits"]


@pytest.mark.parametrize("document", [TWO, {"visits": TWO}, {"count": 2, "visits": TWO}], ids=["list", "bare", "whole"])
def test_json_is_a_body_or_a_list_of_visits(document: Any) -> None:
    assert _visits(json.dumps(document)) == TWO


def test_a_count_that_is_given_is_sent_for_the_api_to_check() -> None:
    assert read_visits(b'{"count": 3, "visits": []}', "visits") == {"count": 3, "visits": []}


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace("\n", "\r\n"),
        "\ufeff" + CSV,
        "\n" + CSV.replace("\n", "\n\n"),
        CSV.removeprefix("store_id,image_url,visit_time\n"),
        CSV.replace("store_id,image_url", "Store_ID,IMAGE_URL"),
        CSV.replace("S1", '"S1"').replace(",https", ', "https').replace(".jpg", '.jpg"'),
    ],
    ids=["commas", "semicolons", "tabs", "crlf", "bom", "blank lines", "no header", "case of the header", "quotes"],
)
def test_csv_is_read_as_spreadsheets_write_it(text: str) -> None:
    assert _visits(text) == TWO


def test_columns_may_come_in_any_order_with_others_beside_them() -> None:
    assert _visits("city;image_url;store_id\nBern;https://a.example/1.jpg;S1\n") == [
        {"store_id": "S1", "image_url": ["https://a.example/1.jpg"]}
    ]


def test_a_quoted_cell_may_have_the_separator_quotes_and_line_breaks() -> None:
    (visit,) = _visits('store_id,image_url\n"S ""1"",\nnorth",https://a.example/1.jpg\n')
    assert visit["store_id"] == 'S "1",\nnorth'


def test_the_separator_is_the_one_that_makes_columns_however_many_commas_a_url_has() -> None:
    url = "https://a.example/1.jpg?crop=0,0,8,8"
    assert _visits(f"S1;{url}\n") == [{"store_id": "S1", "image_url": [url]}]


def test_a_store_that_comes_again_later_is_another_visit() -> None:
    rows = "\n".join(f"{store},https://a.example/1.jpg" for store in ("S1", "S2", "S1"))
    assert [visit["store_id"] for visit in _visits(rows)] == ["S1", "S2", "S1"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"S1,ftp://a.example/1.jpg", "f, line 1: image_url must be an http or https URL, not 'ftp://a.example/1.jpg'"),
        (b"store_id,image_url\n,https://a.example/1.jpg", "f, line 2: store_id must have 1 to 128 characters"),
        (b"store_id,url\nS1,https://a.example/1.jpg", "f, line 1: the column image_url is missing"),
        (b'"S\n1",https://a.example/1.jpg\nS2', "f, line 3: image_url must be an http or https URL, not ''"),
        (b'"S1,https://a.example/1.jpg', "f, line 1: this is not CSV"),
        (b"", "f: there are no visits in it"),
        (b'{"visits": [\n]', "f: this is not JSON, from line 2, column 2 on"),
        (b"\xff\xd8\xff", "f: this is not text in UTF-8"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(data: bytes, sentence: str) -> None:
    with pytest.raises(UmbelError) as raised:
        read_visits(data, "f")
    assert str(raised.value) == sentence
