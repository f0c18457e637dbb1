"""Each form of a body becomes exactly these tasks."""

import base64
from typing import Annotated, Any

import msgspec
import pytest
from PIL.Image import Image

from tests.functions.stage import say
from umbel_core.catalogue import Catalogue
from umbel_core.contract import TaskSpec
from umbel_core.errors import Rejected
from umbel_core.op import Bounds, Url, describe, op
from umbel_core.settings import Limits
from umbel_core.submission import Submission, VisitSpec, read_submission, tasks_of

LIMITS = Limits(max_tasks=5, max_upload_bytes=1024)
PIXELS = base64.b64encode(b"pixels").decode()


@op()
def fit(picture: Image, *, width: Annotated[int, Bounds(ge=1)] = 1, height: Annotated[int, Bounds(ge=1)] = 1) -> Image:
    """Fit."""
    return picture


@op(serves="batch")
def rate(url: Url, *, gpu_seconds: Annotated[float, Bounds(ge=0, le=10)] = 3) -> int:
    """Rate."""
    return 1


@op(serves="crawl")
def visit(url: Url) -> int:
    """Visit."""
    return 1


@op()
def strict(text: str, *, level: int) -> str:
    """Need a parameter."""
    return text


CATALOGUE = Catalogue([describe(each) for each in (fit, rate, visit, say, strict)])
TOO_LONG = "http://a/" + "x" * 2048


def read(**fields: Any) -> Submission:
    return read_submission(msgspec.json.encode(fields), CATALOGUE, LIMITS)


def refusal(**fields: Any) -> Rejected:
    with pytest.raises(Rejected) as error:
        read(**fields)
    return error.value


@pytest.mark.parametrize(
    ("count", "asked", "priority"),
    [(2, {}, "live"), (3, {}, "bulk"), (1, {"priority": "bulk"}, "bulk"), (3, {"priority": "live"}, "live")],
)
def test_a_manifest_with_many_tasks_is_bulk_unless_it_says_otherwise(
    count: int, asked: dict[str, str], priority: str
) -> None:
    limits = Limits(max_tasks=5, live_tasks=2)
    body = msgspec.json.encode({"tasks": [{"op": "say", "input": "x"}] * count, **asked})
    assert read_submission(body, CATALOGUE, limits).priority == priority


def test_a_single_task_and_an_image_are_live_unless_they_say_otherwise() -> None:
    task = {"type": "say", "payload": "x"}
    image = {"image_data": "cGl4", "operation": "fit", "width": 1}
    for fields in (task, image):
        assert (read(**fields).priority, read(**fields, priority="bulk").priority) == ("live", "bulk")
    assert refusal(**task, priority="low").pointer == "/priority"


VISITS = [{"store_id": "a", "image_url": ["http://a/1"]}]


@pytest.mark.parametrize(
    "fields",
    [
        {"tasks": [{"op": "say", "input": "x"}]},
        {"count": 1, "visits": VISITS},
        {"urls": ["http://a/"]},
    ],
)
def test_a_manifest_a_batch_and_a_crawl_may_limit_what_is_in_flight(fields: dict[str, Any]) -> None:
    assert read(**fields).max_in_flight is None
    assert [read(**fields, max_in_flight=most).max_in_flight for most in (1, 10_000)] == [1, 10_000]
    for most in (0, 10_001, 2.5, "3"):
        assert refusal(**fields, max_in_flight=most).pointer == "/max_in_flight"


def test_a_crawl_whose_workers_take_the_pages_themselves_has_no_other_limit() -> None:
    error = refusal(urls=["http://a/"], policy="idle", max_in_flight=2)
    assert (error.code, error.pointer) == ("invalid_manifest", "/max_in_flight")
    assert error.sentence.endswith("whose workers take the pages themselves; set workers.")


def test_a_manifest_is_taken_as_it_is() -> None:
    tasks = [{"op": "say", "input": "hi", "params": {"times": 2}, "group": "g"}]
    specs = [TaskSpec(op="say", input="hi", params={"times": 2}, group="g")]
    assert read(tasks=tasks, name="n", on_error="stop_group") == Submission(
        kind="manifest", name="n", specs=specs, on_error="stop_group"
    )
    assert read(tasks=tasks) == Submission(kind="manifest", name=None, specs=specs, on_error="continue")


def test_a_group_of_two_ops_is_refused_in_one_sentence() -> None:
    tasks = [{"op": each, "input": "http://a/", "group": "g"} for each in ("say", "visit")]
    error = refusal(tasks=tasks)
    assert (error.code, error.pointer) == ("mixed_group", "/tasks/1/group")
    assert error.sentence == "The group 'g' has tasks of 'say' and of 'visit'; a group has tasks of one op."


def test_a_single_task_is_named_for_its_op() -> None:
    single = Submission(kind="task", name="say", specs=[TaskSpec(op="say", input="hi")])
    assert read(type="say", payload="hi") == single
    assert refusal(type="say").pointer == "/payload", "one of the two fields decides the form"
    assert refusal(payload="hi").pointer == "/type"


def test_a_single_task_is_of_an_op_that_takes_no_picture() -> None:
    error = refusal(type="fit", payload="k")
    assert error.sentence == "There is no type 'fit'; the types are rate, say, strict, visit."


def test_a_single_task_is_not_of_an_op_that_needs_parameters() -> None:
    error = refusal(type="strict", payload="x")
    assert (error.code, error.pointer) == ("invalid_params", "/payload/level")


@pytest.mark.parametrize(
    ("fields", "params"),
    [
        ({}, {}),
        ({"width": 2, "height": 3, "output_format": "png"}, {"width": 2, "height": 3, "format": "png"}),
        ({"width": 2, "params": {"width": 4, "quality": 5}}, {"width": 4, "quality": 5}),
    ],
)
def test_a_picture_inside_a_request_is_one_task_without_an_input(fields: Any, params: Any) -> None:
    assert read(image_data=PIXELS, operation="fit", **fields) == Submission(
        kind="image", name="fit", specs=[TaskSpec(op="fit", input="", params=params)], picture=b"pixels"
    )


@op()
def shade(picture: Image, *, format: Annotated[str, Bounds(max_length=3)] = "png", width2: int = 1) -> Image:  # noqa: A002
    """Shade."""
    return picture


@pytest.mark.parametrize(
    ("operation", "fields", "path", "sentence"),
    [
        ("fit", {"width": 0}, "/width", "width must be at least 1, not 0."),
        ("fit", {"params": {"height": 0}}, "/height", "height must be at least 1, not 0."),
        ("fit", {"params": {"quality": 0}}, "/params/quality", "params.quality must be from 1 to 100, not 0."),
        ("shade", {"width": 3}, "/width", "width is not known; did you mean width2?"),
        ("shade", {"height": 3}, "/height", "height is not known; known are format, width2, quality,"),
        ("shade", {"output_format": "jpeg"}, "/output_format", "output_format must have at most 3 characters, not 4."),
        ("shade", {"params": {"format": "jpeg"}}, "/params/format", "params.format must have at most 3 characters"),
        ("shade", {"params": {"width2": "x"}, "output_format": "png"}, "/params/width2", "params.width2 must be a "),
    ],
)
def test_the_fields_of_a_picture_request_are_named_as_they_were_sent(
    operation: str, fields: dict[str, Any], path: str, sentence: str
) -> None:
    body = msgspec.json.encode({"image_data": PIXELS, "operation": operation, **fields})
    with pytest.raises(Rejected) as error:
        read_submission(body, Catalogue([*CATALOGUE.values(), describe(shade)]), LIMITS)
    assert (error.value.code, error.value.pointer) == ("invalid_params", path)
    assert error.value.sentence.startswith(sentence)


def test_parameters_that_no_message_can_carry_are_refused() -> None:
    long = {"text": "x" * 32_000}

    @op()
    def label(picture: Image, *, text: str) -> Image:
        """Label."""
        return picture

    body = msgspec.json.encode({"image_data": PIXELS, "operation": "label", "params": long})
    with pytest.raises(Rejected) as error:
        read_submission(body, Catalogue([describe(label)]), LIMITS)
    assert (error.value.code, error.value.pointer) == ("input_too_large", "/params")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [("a,b", "image_data must be base64 or a data URL."), ("data:image/png;base64,cG,l4", "image_data must be base64")],
)
def test_a_picture_that_is_not_base64_is_refused(data: str, sentence: str) -> None:
    error = refusal(image_data=data, operation="fit")
    assert (error.code, error.pointer) == ("invalid_image_data", "/image_data")
    assert error.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("gpu", "params"), [({}, {}), ({"gpu_seconds": 0}, {}), ({"gpu_seconds": 2}, {"gpu_seconds": 2})]
)
def test_a_batch_is_named_for_its_stores(gpu: dict[str, int], params: dict[str, int]) -> None:
    visits = [{"store_id": "a", "image_url": ["http://a/1"], "visit_time": "noon"}]
    one = VisitSpec(op="rate", input="http://a/1", params=params, group="a", visit_time="noon")
    assert read(count=1, visits=visits, **gpu) == Submission(
        kind="batch", name="store a", specs=[one], on_error="stop_group", priority="bulk"
    )
    two = read(count=2, visits=[*visits, {"store_id": "b", "image_url": ["http://b/1"]}])
    assert (two.name, two.specs[1]) == ("2 stores", VisitSpec(op="rate", input="http://b/1", group="b"))


def test_a_crawl_is_named_for_its_only_page_or_their_number() -> None:
    url = "http://a/" + "x" * 300
    spec = TaskSpec(op="visit", input=url, group="worker-1")
    assert read(urls=[url]) == Submission(kind="crawl", name=url[:200], specs=[spec], priority="bulk")
    assert read(urls=["http://a/", "http://b/"]).name == "2 pages"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"urls": ["http://a/", TOO_LONG]}, "/urls/1"),
        ({"count": 1, "visits": [{"store_id": "a", "image_url": [TOO_LONG]}]}, "/visits/0/image_url/0"),
    ],
)
def test_a_url_that_is_too_long_is_refused_where_it_is(fields: dict[str, Any], path: str) -> None:
    error = refusal(**fields)
    assert (error.code, error.pointer) == ("invalid_input", path)


def test_a_sentence_quotes_a_hundred_characters_of_what_is_no_url() -> None:
    error = refusal(urls=["x" * 101])
    assert error.sentence == f"urls[0] must be an http or https URL, not '{'x' * 100}'."


def test_a_task_has_what_its_spec_says() -> None:
    spec = VisitSpec(op="rate", input="http://a/", params={"gpu_seconds": 2}, group="g", visit_time="noon")
    (task,) = tasks_of("j1", [spec], "now")
    assert (task.job_id, task.index, task.op, task.variant, task.input) == ("j1", 0, "rate", "rate", "http://a/")
    assert (task.params, task.group, task.visit_time) == ({"gpu_seconds": 2}, "g", "noon")
    assert (task.queued_at, task.after, task.stop_group) == ("now", None, False)


def test_tasks_without_a_group_follow_no_other() -> None:
    specs = [TaskSpec(op="say", input=text, group=group) for text, group in (("a", None), ("b", None), ("c", "g"))]
    tasks = tasks_of("j1", specs, "now", ordered={"say"}, on_error="stop_group")
    assert [(task.after, task.stop_group) for task in tasks] == [(None, False)] * 3
