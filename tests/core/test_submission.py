"""A body is accepted as a whole, or refused with the path of the wrong value and the rule."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.functions.stage import CATALOGUE as STAGED
from umbel_core.catalogue import Catalogue, read_ops
from umbel_core.contract import CrawlRequest, HostLimits, TaskSpec
from umbel_core.crawl_policies import crawl_workers
from umbel_core.errors import Rejected
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
    ("document", "code", "path", "sentence"),
    [
        (b"{", "invalid_json", "", "The body is not JSON, from line 1, column 2 on."),
        (b'{\n"tasks": x}', "invalid_json", "", "The body is not JSON, from line 2, column 10 on."),
        (b" \n", "invalid_json", "", "The body is empty; send JSON."),
        (b"\xff\xfe\xfd", "invalid_json", "", "The body is not JSON."),
        (b'"\\ud800"', "invalid_json", "", "The body is not JSON."),
        (b"[" * 100_000, "invalid_json", "", "The body is JSON with too many levels."),
        (b'{"tasks": ' + b"9" * 5000 + b"}", "invalid_json", "", "The body is not JSON."),
        ([], "invalid_manifest", "", "The body must be an object with 'tasks', or with "),
        ({}, "invalid_manifest", "/tasks", "tasks is missing."),
        ({"tasks": []}, "invalid_manifest", "/tasks", "tasks must not be empty."),
        ({"tasks": 3}, "invalid_manifest", "/tasks", "tasks must be a list, not 3."),
        ({"tasks": [SAY], "nmae": 1}, "invalid_manifest", "/nmae", "nmae is not known; did you mean name?"),
        (
            {"tasks": [SAY], "on_error": "stop"},
            "invalid_manifest",
            "/on_error",
            "on_error must be one of continue, stop_group, not 'stop'.",
        ),
        ({"tasks": [SAY, {"op": "say"}]}, "invalid_manifest", "/tasks/1/input", "tasks[1].input is missing."),
        ({"tasks": [SAY] * 4}, "too_many_tasks", "/tasks", "The job has 4 tasks; at most 3 are taken."),
        (
            {"tasks": [SAY, {"op": "sya", "input": "x"}]},
            "unknown_op",
            "/tasks/1/op",
            "There is no op 'sya'; did you mean say?",
        ),
        (
            {"tasks": [SAY, {"op": "say", "input": 3}]},
            "invalid_input",
            "/tasks/1/input",
            "tasks[1].input must be text, not 3.",
        ),
        (
            {"tasks": [{"op": "say", "input": "x" * 21}]},
            "invalid_input",
            "/tasks/0/input",
            "tasks[0].input must have at most 20 characters, not 21.",
        ),
        (
            {"tasks": [{**SAY, "params": {"times": 0}}]},
            "invalid_params",
            "/tasks/0/params/times",
            "tasks[0].params.times must be at least 1, not 0.",
        ),
        ({"tasks": [{**SAY, "params": {"x": 0}}]}, "invalid_params", "/tasks/0/params/x", "tasks[0].params.x is not"),
        (
            {"tasks": [SAY, SAY, {"op": "soft", "input": "k", "params": {"radius": 11}}]},
            "invalid_params",
            "/tasks/2/params/radius",
            "tasks[2].params.radius must be ",
        ),
        (
            {"tasks": [{**SAY, "group": "g"}, {"op": "soft", "input": "k", "group": "g"}]},
            "mixed_group",
            "/tasks/1/group",
            "The group 'g' has tasks of 'say' and of 'soft'",
        ),
        (
            {"tasks": [SAY, {"op": "echo", "input": "x" * 31_994}]},
            "input_too_large",
            "/tasks/1",
            "Input and params have 32,001 bytes as JSON; at most 32,000 are taken.",
        ),
        (
            {"type": "echo", "payload": "x" * 31_994},
            "input_too_large",
            "/payload",
            "Input and params have 32,001 bytes",
        ),
        ({"type": "ehco", "payload": "x"}, "unknown_type", "/type", "There is no type 'ehco'; the types are "),
        ({"type": "say", "payload": 3}, "invalid_payload", "/payload", "payload must be text, not 3."),
        ({"type": "say", "payload": [3]}, "invalid_payload", "/payload", "payload must be text, not a list."),
        ({"image_data": "?", "operation": "soft"}, "invalid_image_data", "/image_data", "image_data must be base64"),
        ({"image_data": "ü", "operation": "soft"}, "invalid_image_data", "/image_data", "image_data must be base64"),
        ({"image_data": "", "operation": "soft"}, "empty_file", "/image_data", "image_data must not be empty."),
        (
            {"image_data": PICTURE * 200, "operation": "soft"},
            "too_large",
            "/image_data",
            "The picture has 1.2 kB; at most 1.0 kB are taken.",
        ),
        (
            {"image_data": PICTURE, "operation": "say"},
            "unknown_op",
            "/operation",
            "There is no op 'say' that takes a picture; those that do are measure, soft.",
        ),
        (
            {"image_data": PICTURE, "operation": "soft", "width": 3},
            "invalid_params",
            "/width",
            "width is not known; known are ",
        ),
        (
            {"image_data": PICTURE, "operation": "soft", "width": "3"},
            "invalid_manifest",
            "/width",
            "width must be a whole number, not '3'.",
        ),
        (
            {"image_data": PICTURE, "operation": "soft", "params": {"radius": 11}},
            "invalid_params",
            "/params/radius",
            "params.radius must be ",
        ),
        (
            {"image_data": PICTURE, "operation": "soft", "output_format": "gif"},
            "invalid_manifest",
            "/output_format",
            "output_format must be one of auto, avif, jpeg, png, webp, not 'gif'.",
        ),
        ({"count": 2, "visits": [VISIT]}, "count_mismatch", "/count", "count is 2, but visits has 1."),
        ({"visits": [VISIT]}, "invalid_manifest", "/count", "count is missing."),
        ({"count": 0, "visits": []}, "invalid_manifest", "/visits", "visits must not be empty."),
        (
            {"count": 1, "visits": [{**VISIT, "image_url": []}]},
            "invalid_manifest",
            "/visits/0/image_url",
            "visits[0].image_url must not be empty.",
        ),
        (
            {"count": 1, "visits": [{**VISIT, "store_id": ""}]},
            "invalid_manifest",
            "/visits/0/store_id",
            "visits[0].store_id must not be empty.",
        ),
        (
            {"count": 1, "visits": [{**VISIT, "image_url": ["http://a/1.jpg", "cat.jpg"]}]},
            "invalid_input",
            "/visits/0/image_url/1",
            "visits[0].image_url[1] must be an http or https URL, not 'cat.jpg'.",
        ),
        ({"count": 2, "visits": [VISIT, VISIT]}, "too_many_tasks", "/visits", "The job has 4 tasks; at most 3"),
        (
            {"count": 1, "visits": [VISIT], "gpu_seconds": 11},
            "invalid_params",
            "/gpu_seconds",
            "gpu_seconds must be from 0 to 10, not 11.",
        ),
        ({"urls": []}, "invalid_manifest", "/urls", "urls must not be empty."),
        ({"urls": ["http://a/"] * 4}, "too_many_tasks", "/urls", "The job has 4 tasks; at most 3 are taken."),
        (
            {"urls": ["http://a/", "ftp://b/"]},
            "invalid_input",
            "/urls/1",
            "urls[1] must be an http or https URL, not 'ftp://b/'.",
        ),
        (
            {"urls": ["http://a/"], "workers": 65},
            "invalid_manifest",
            "/workers",
            "workers must be from 1 to 64, not 65.",
        ),
        (
            {"urls": ["http://a/"], "policy": "random"},
            "invalid_manifest",
            "/policy",
            "policy must be one of host, idle, round_robin, sticky, not 'random'.",
        ),
        (
            {"tasks": [{"op": "soft", "input": "k", "params": {"format": "gif"}}]},
            "invalid_params",
            "/tasks/0/params/format",
            "tasks[0].params.format must be one of auto, avif, jpeg, png, webp, not 'gif'.",
        ),
        (
            {"tasks": [{"op": "soft", "input": "k", "params": {"a/b~c": 1}}]},
            "invalid_params",
            "/tasks/0/params/a~1b~0c",
            "tasks[0].params.a/b~c is not known",
        ),
    ],
)
def test_a_bad_body_is_refused_with_its_path_and_a_plain_sentence(
    document: Any, code: str, path: str, sentence: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        read(document)
    assert (refusal.value.code, refusal.value.pointer) == (code, path)
    assert refusal.value.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("batch", "'count' and 'visits'"), ("crawl", "'urls'"), ("task", "'type' and 'payload'")],
)
def test_a_call_for_one_kind_names_the_fields_of_that_kind_alone(kind: Any, fields: str) -> None:
    with pytest.raises(Rejected, match=rf"The body must be an object with {fields}\.$"):
        read_submission(b"[]", CATALOGUE, LIMITS, kind)


@pytest.mark.parametrize(
    ("type_", "payload", "input_"),
    [("wait", "2", 2), ("sum", "[1,2,3]", [1, 2, 3]), ("say", "2", "2"), ("sum", [1, 2], [1, 2])],
)
def test_a_payload_may_come_as_json_text(type_: str, payload: Any, input_: Any) -> None:
    catalogue = Catalogue([*CATALOGUE.values(), REAL["wait"], REAL["sum"]])
    body = json.dumps({"type": type_, "payload": payload}).encode()
    assert read_submission(body, catalogue, LIMITS, "task").specs[0].input == input_


def test_an_integer_may_be_written_with_a_point() -> None:
    assert read({"urls": ["http://a/"], "workers": 2.0}).specs[0].group == "worker-1"


def test_a_batchs_tasks_carry_the_time_of_their_visit() -> None:
    specs = read({"count": 1, "visits": [VISIT]}).specs
    assert [task.visit_time for task in tasks_of("j", specs, "t")] == ["2026-01-31", "2026-01-31"]


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
    assert [(task.after, task.after_ended, task.stop_group) for task in stopping] == [
        *[(None, False, False), (None, False, False), (0, False, False), (1, False, False)],
        *[(None, False, True), (None, False, False)],
    ]


def test_where_a_failure_stops_nothing_an_ordered_ops_task_waits_until_the_one_before_has_ended() -> None:
    specs = [TaskSpec(op="walk", input=place, group=group) for place, group in enumerate("abab")]
    specs += [TaskSpec(op="say", input="hi", group="c"), TaskSpec(op="walk", input=5)]
    going_on = tasks_of("j", specs, "t", ordered={"walk"})
    assert [(task.after, task.after_ended, task.stop_group) for task in going_on] == [
        *[(None, False, False), (None, False, False), (0, True, False), (1, True, False)],
        *[(None, False, False), (None, False, False)],
    ]


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
    [
        ("round_robin", ["worker-1", "worker-2", "worker-1"]),
        ("idle", ["worker-1", "worker-2", "worker-1"]),
        ("host", ["worker-1", "worker-2", "worker-2"]),
        ("sticky", ["worker-2", "worker-2", "worker-2"]),
    ],
)
def test_a_crawl_deals_its_pages_to_its_workers(policy: str, groups: list[str]) -> None:
    urls = ["http://a/1", "http://b/1", "http://B/2"]
    crawl = read({"urls": urls, "workers": 2, "policy": policy})
    assert (crawl.kind, crawl.on_error, [spec.input for spec in crawl.specs]) == ("crawl", "continue", urls)
    assert [spec.group for spec in crawl.specs] == groups


def test_a_sticky_host_has_the_same_worker_in_every_crawl() -> None:
    first = read({"urls": ["http://a/1", "http://b/1"], "policy": "sticky"})
    second = read({"urls": ["http://c/1", "http://b/2"], "policy": "sticky"})
    assert first.specs[1].group == second.specs[1].group


def test_a_width_deals_the_pages_of_a_host_to_so_many_workers() -> None:
    urls = [f"http://{host}/{index}" for index in range(6) for host in "ab"]
    dealt = crawl_workers(CrawlRequest(urls=urls, workers=5, per_host=HostLimits(width=2)))
    assert dealt == [0, 2, 1, 3] * 3


def test_a_width_of_all_workers_and_more_changes_nothing() -> None:
    urls = [f"http://a/{index}" for index in range(5)]
    assert crawl_workers(CrawlRequest(urls=urls, workers=3, per_host=HostLimits(width=3))) == [0, 1, 2, 0, 1]


def test_only_the_policy_idle_shares_its_pages_and_it_cannot_keep_a_width() -> None:
    assert read({"urls": ["http://a/"], "policy": "idle"}).shared
    assert not read({"urls": ["http://a/"]}).shared
    with pytest.raises(Rejected) as refusal:
        read({"urls": ["http://a/"], "policy": "idle", "per_host": {"width": 1}})
    assert (refusal.value.code, refusal.value.pointer) == ("invalid_manifest", "/per_host/width")


def test_a_deadline_and_sharing_reach_the_messages() -> None:
    submission = read({"urls": ["http://a/"], "policy": "idle", "deadline_seconds": 60})
    assert submission.deadline_seconds == 60
    (task,) = tasks_of("j", submission.specs, "t", shared=True, deadline=1234)
    assert (task.command().shared, task.command().deadline) == (True, 1234)


@pytest.mark.parametrize(("shared", "after"), [(False, [None, 0, 1]), (True, [None, None, None])])
def test_a_shared_task_waits_for_no_other(shared: bool, after: list[int | None]) -> None:
    specs = [TaskSpec(op="fetch", input=f"http://a/{page}", group="w0") for page in range(3)]
    assert [task.after for task in tasks_of("j", specs, "t", ordered=["fetch"], shared=shared)] == after
