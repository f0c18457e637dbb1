"""A body is taken whole or refused with the place in the document and the rule."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.functions.stage import CATALOGUE as STAGED
from umbel_core.catalogue import Catalogue, read_ops
from umbel_core.errors import Rejected
from umbel_core.messages import TaskSpec
from umbel_core.op import describe, op
from umbel_core.settings import Limits
from umbel_core.submission import read_submission, tasks_of


@op()
def echo(text: str) -> str:
    """Say it again."""
    return text


REAL = read_ops(Path("functions/ops"))
CATALOGUE = Catalogue([*STAGED.values(), describe(echo), REAL["measure"], REAL["fetch"]])
LIMITS = Limits(max_tasks=3, max_upload_bytes=1024)
SAY = {"op": "say", "input": "hi"}
VISIT = {"store_id": "S1", "image_url": ["http://a/1.jpg", "http://a/2.jpg"], "visit_time": "2026-01-31"}
PICTURE = base64.b64encode(b"pixels").decode()


def read(document: Any) -> Any:
    return read_submission(
        document if isinstance(document, bytes) else json.dumps(document).encode(), CATALOGUE, LIMITS
    )


@pytest.mark.parametrize(
    ("document", "code", "sentence"),
    [
        (b"{", "invalid_json", r"\$: not JSON"),
        (b"\xff\xfe", "invalid_json", r"\$: not JSON"),
        (b"[" * 100_000, "invalid_json", r"\$: not JSON"),
        (b'{"tasks": ' + b"9" * 5000 + b"}", "invalid_json", r"\$: not JSON"),
        ([], "invalid_manifest", r"\$: expected an object"),
        ({}, "invalid_manifest", r"\$: .*missing required field `tasks`"),
        ({"tasks": []}, "invalid_manifest", r"\$\.tasks: .*length >= 1"),
        ({"tasks": [SAY], "nmae": 1}, "invalid_manifest", r"\$: .*unknown field `nmae`"),
        ({"tasks": [SAY], "on_error": "stop"}, "invalid_manifest", r"'stop'; it is one of continue, stop_group"),
        ({"tasks": [SAY, {"op": "say"}]}, "invalid_manifest", r"\$\.tasks\[.*\]: .*missing required field `input`"),
        ({"tasks": [SAY] * 4}, "too_many_tasks", r"\$\.tasks: 4 tasks; at most 3"),
        ({"tasks": [SAY, {"op": "sya", "input": "x"}]}, "unknown_op", r"\$\.tasks\[1\]\.op: .*'sya'.*say, soft"),
        ({"tasks": [SAY, {"op": "say", "input": 3}]}, "invalid_input", r"\$\.tasks\[1\]\.input: Expected `str`"),
        ({"tasks": [{"op": "say", "input": "x" * 21}]}, "invalid_input", r"\$\.tasks\[0\]\.input: .*length <= 20"),
        ({"tasks": [{**SAY, "params": {"times": 0}}]}, "invalid_params", r"\$\.tasks\[0\]\.params\.times: .*>= 1"),
        ({"tasks": [{**SAY, "params": {"x": 0}}]}, "invalid_params", r"\$\.tasks\[0\]\.params: .*unknown field `x`"),
        (
            {"tasks": [SAY, SAY, {"op": "soft", "input": "k", "params": {"radius": 11}}]},
            "invalid_params",
            r"\$\.tasks\[2\]\.params\.radius: Expected `float` <= 10",
        ),
        (
            {"tasks": [{**SAY, "group": "g"}, {"op": "soft", "input": "k", "group": "g"}]},
            "mixed_group",
            r"\$\.tasks\[1\]\.group: 'g' has op 'say' already",
        ),
        (
            {"tasks": [SAY, {"op": "echo", "input": "x" * 31_994}]},
            "input_too_large",
            r"\$\.tasks\[1\]: .* at most 32,000",
        ),
        ({"type": "echo", "payload": "x" * 31_994}, "input_too_large", r"\$\.payload: 32,001 bytes as JSON"),
        ({"image_data": "?", "operation": "soft"}, "invalid_image_data", r"\$\.image_data: not base64"),
        ({"image_data": "ü", "operation": "soft"}, "invalid_image_data", r"\$\.image_data: not base64"),
        ({"image_data": "", "operation": "soft"}, "empty_file", r"\$\.image_data: there is nothing in it"),
        ({"image_data": PICTURE * 200, "operation": "soft"}, "too_large", r"at most 1\.0 kB"),
        ({"image_data": PICTURE, "operation": "say"}, "unknown_op", r": \$\.operation: .*'say'.* are measure, soft$"),
        ({"image_data": PICTURE, "operation": "sfot"}, "unknown_op", r": \$\.operation: .*'sfot'.* are measure, soft$"),
        ({"image_data": PICTURE, "operation": "soft", "width": 3}, "invalid_params", r": \$: .*unknown field `width`"),
        (
            {"image_data": PICTURE, "operation": "soft", "params": {"radius": 11}},
            "invalid_params",
            r": \$\.params\.radius: .*<= 10",
        ),
        ({"image_data": PICTURE, "operation": "soft", "output_format": "gif"}, "invalid_manifest", "output_format"),
        ({"count": 2, "visits": [VISIT]}, "count_mismatch", r"\$\.count: 2, but \$\.visits has 1"),
        ({"visits": [VISIT]}, "invalid_manifest", "missing required field `count`"),
        ({"count": 0, "visits": []}, "invalid_manifest", r"\$\.visits: .*length >= 1"),
        ({"count": 1, "visits": [{**VISIT, "image_url": []}]}, "invalid_manifest", r"image_url: .*length >= 1"),
        ({"count": 1, "visits": [{**VISIT, "store_id": ""}]}, "invalid_manifest", r"store_id: .*length >= 1"),
        (
            {"count": 1, "visits": [{**VISIT, "image_url": ["http://a/1.jpg", "cat.jpg"]}]},
            "invalid_input",
            r"\$\.visits\[0\]\.image_url\[1\]: 'cat\.jpg' is not an http or https address",
        ),
        ({"count": 2, "visits": [VISIT, VISIT]}, "too_many_tasks", r"\$\.visits: 4 tasks; at most 3"),
        ({"count": 1, "visits": [VISIT], "gpu_seconds": 11}, "invalid_params", r"\$\.gpu_seconds: .*<= 10"),
        ({"urls": []}, "invalid_manifest", r"\$\.urls: .*length >= 1"),
        ({"urls": ["http://a/"] * 4}, "too_many_tasks", r"\$\.urls: 4 tasks; at most 3"),
        ({"urls": ["http://a/", "ftp://b/"]}, "invalid_input", r"\$\.urls\[1\]: 'ftp://b/' is not an http"),
        ({"urls": ["http://a/"], "workers": 65}, "invalid_manifest", r"\$\.workers: .*<= 64"),
        (
            {"urls": ["http://a/"], "policy": "random"},
            "invalid_manifest",
            r"\$\.policy: Invalid enum value 'random'; it is one of round_robin, host$",
        ),
        (
            {"tasks": [{"op": "soft", "input": "k", "params": {"format": "gif"}}]},
            "invalid_params",
            r"\$\.tasks\[0\]\.params\.format: .* it is one of avif, jpeg, png, webp$",
        ),
    ],
)
def test_a_bad_body_is_refused_with_place_and_rule(document: Any, code: str, sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence) as refusal:
        read(document)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("kind", "form"),
    [("batch", "'count' and 'visits'"), ("crawl", "'urls'"), ("task", "'type' and 'payload'")],
)
def test_a_door_for_one_kind_names_the_form_of_that_kind_alone(kind: Any, form: str) -> None:
    with pytest.raises(Rejected, match=rf": \$: expected an object with {form}$"):
        read_submission(b"[]", CATALOGUE, LIMITS, kind)


def test_a_manifest_becomes_tasks_with_names_of_their_own() -> None:
    submission = read({"name": "n", "tasks": [SAY, {**SAY, "group": "g"}, {"op": "soft", "input": "k"}]})
    tasks = tasks_of("j", submission.specs, "t")
    assert [(task.index, task.variant, task.group) for task in tasks] == [
        (0, "say", None),
        (1, "say-2", "g"),
        (2, "soft", None),
    ]


def test_where_a_failure_stops_its_group_an_ordered_ops_tasks_go_one_after_another() -> None:
    specs = [TaskSpec(op="walk", input=place, group=group) for place, group in enumerate("abab")]
    specs += [TaskSpec(op="say", input="hi", group="c"), TaskSpec(op="walk", input=5)]
    stopping = tasks_of("j", specs, "t", ordered={"walk"}, on_error="stop_group")
    assert [(task.after, task.stop_group) for task in stopping] == [
        *[(None, False), (None, False), (0, False), (1, False)],
        *[(None, True), (None, False)],
    ]
    going_on = tasks_of("j", specs, "t", ordered={"walk"})
    assert {(task.after, task.stop_group) for task in going_on} == {(None, False)}


def test_a_picture_inside_a_request_is_one_task() -> None:
    submission = read({"image_data": PICTURE, "operation": "soft", "output_format": "png", "params": {"radius": 2}})
    assert (submission.kind, submission.picture) == ("image", b"pixels")
    assert submission.specs[0].params == {"format": "png", "radius": 2}


def test_a_picture_may_come_as_a_data_url() -> None:
    request = {"image_data": f"data:image/png;base64,{PICTURE}", "operation": "soft"}
    assert read(request).picture == b"pixels"


def test_an_address_has_its_scheme_in_any_letters() -> None:
    visit = {**VISIT, "image_url": ["HTTPS://a/1.jpg"]}
    assert read({"count": 1, "visits": [visit]}).specs[0].input == "HTTPS://a/1.jpg"


def test_a_document_may_begin_with_the_mark_of_its_encoding() -> None:
    assert read_submission(b'\xef\xbb\xbf{"urls": ["Http://a/"]}', CATALOGUE, LIMITS).kind == "crawl"


def test_the_limits_themselves_are_taken() -> None:
    assert len(read({"tasks": [SAY] * 3}).specs) == 3
    assert read({"type": "echo", "payload": "x" * 31_993}).specs
    assert read({"image_data": base64.b64encode(b"x" * 1024).decode(), "operation": "soft"}).picture


def test_a_batch_deals_its_stores_in_turn_and_each_in_order() -> None:
    visits = [
        {"store_id": store, "image_url": [f"http://{store}/{n}" for n in range(count)]} for store, count in STORES
    ]
    batch = read_submission(json.dumps({"count": 3, "visits": visits}).encode(), CATALOGUE, Limits())
    assert (batch.kind, batch.on_error) == ("batch", "stop_group")
    assert [(spec.group, spec.input) for spec in batch.specs] == [
        ("a", "http://a/0"),
        ("b", "http://b/0"),
        ("a", "http://a/1"),
        ("a", "http://a/0"),
    ]
    assert {spec.op for spec in batch.specs} == {"measure"}


STORES = (("a", 2), ("b", 1), ("a", 1))


@pytest.mark.parametrize(
    ("policy", "groups"),
    [("round_robin", ["worker-1", "worker-2", "worker-1"]), ("host", ["worker-1", "worker-2", "worker-2"])],
)
def test_a_crawl_deals_its_pages_to_its_workers(policy: str, groups: list[str]) -> None:
    urls = ["http://a/1", "http://b/1", "http://B/2"]
    crawl = read({"urls": urls, "workers": 2, "policy": policy})
    assert (crawl.kind, crawl.on_error, [spec.input for spec in crawl.specs]) == ("crawl", "continue", urls)
    assert [spec.group for spec in crawl.specs] == groups
