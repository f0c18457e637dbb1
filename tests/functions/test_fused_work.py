"""The variants of a fused recipe are made from one file and one decode, and look as those that are made apart."""

from io import BytesIO
from typing import Any

import msgspec
import pytest
from PIL import Image

from tests.fakes import FakeBucket
from tests.ops.measuring import psnr
from tests.ops.running import CATALOGUE, OPS
from tests.pictures.large import large_photo
from tests.pictures.moving import moving
from umbel_core.catalogue import load_op
from umbel_core.errors import Rejected
from umbel_core.messages import RunTask
from umbel_core.settings import Limits
from worker.fused import FusedWork
from worker.pictures import StoredPicture
from worker.work import FileSource, PictureDestination, Work, in_ledger

KEY = "uploads/photo"
Variants = dict[str, tuple[str, dict[str, Any]]]
WHOLE: Variants = {
    "small": ("thumbnail", {}),
    "gray": ("grayscale", {}),
    "soft": ("blur", {}),
    "turned": ("rotate90", {}),
}
SMALL: Variants = {"a": ("thumbnail", {"width": 100}), "b": ("thumbnail", {"width": 180}), "c": ("placeholder", {})}


class Recipe:
    """The variants of a picture, made apart and fused."""

    def __init__(self, data: bytes, variants: Variants) -> None:
        self.bucket = FakeBucket()
        self.bucket.upload(KEY, data)
        self.reads = 0
        self.works = {op: self._work(op) for op, _ in variants.values()}
        self.tasks = [
            RunTask(job_id="j1", index=index, op=op, variant=name, input=KEY, params=params)
            for index, (name, (op, params)) in enumerate(variants.items())
        ]

    def fetch(self, key: str, etag: str | None, version: str | None) -> bytes:
        self.reads += 1
        return self.bucket.fetch(key, etag, version)

    def file(self, url: str, seconds: float) -> bytes:
        raise NotImplementedError

    def apart(self) -> dict[str, Any]:
        """Make each variant from the file; return their results, those of pictures as their bytes."""
        return {task.variant: self._result(self.works[task.op](task)) for task in self.tasks}

    def fused(self) -> dict[str, Any]:
        """Make all variants together; return the same."""
        work = FusedWork(self.works, set(self.works))
        return {task.variant: self._result(work(self.beside(task))) for task in self.tasks}

    def beside(self, task: RunTask) -> RunTask:
        return msgspec.structs.replace(task, together=[other for other in self.tasks if other is not task])

    def _work(self, op: str) -> Work:
        function = load_op(OPS, op)
        is_picture = CATALOGUE[op].returns == "picture"
        destination = PictureDestination(self.bucket, Limits()) if is_picture else in_ledger
        return Work(function, FileSource(CATALOGUE[op], function, self, self, Limits()), destination)

    def _result(self, result: Any) -> Any:
        return self.bucket.objects[result["key"]] if "key" in result else result


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """By how much the picture was shrunk at each time that a file was decoded."""
    shrinks: list[int] = []
    decoded = StoredPicture._by_pillow

    def counted(self: StoredPicture, mode: str | None = None, shrink: int = 1) -> Image.Image:
        shrinks.append(shrink)
        return decoded(self, mode, shrink)

    monkeypatch.setattr(StoredPicture, "_by_pillow", counted)
    return shrinks


@pytest.mark.parametrize("variants", [WHOLE, SMALL], ids=["whole", "small"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_variants_have_the_same_sizes_and_the_same_look(kind: str, variants: Variants) -> None:
    recipe = Recipe(large_photo(1210, 807, kind), variants)
    apart, fused = recipe.apart(), recipe.fused()
    assert list(apart) == list(fused)
    for name, data in apart.items():
        if not isinstance(data, bytes):
            assert data.keys() == fused[name].keys()
            continue
        one, other = opened(data), opened(fused[name])
        assert (one.format, one.mode, one.size) == (other.format, other.mode, other.size)
        assert psnr(one, other) > 34, name


def test_a_variant_of_the_whole_picture_has_the_same_bytes() -> None:
    recipe = Recipe(large_photo(1210, 807), WHOLE)
    assert recipe.apart()["turned"] == recipe.fused()["turned"]


@pytest.mark.parametrize("width", [100, 256, 480])
def test_a_smaller_variant_is_as_near_to_the_exact_one_as_one_of_a_smaller_decode(width: int) -> None:
    photo, height = large_photo(1600, 1200), width * 3 // 4
    exact = opened(photo).resize((width, height), Image.Resampling.LANCZOS)
    apart, kept = StoredPicture(photo, Limits()), StoredPicture(photo, Limits())
    kept.keep_pixels([StoredPicture.image])
    assert psnr(kept.resized(width, height), exact) > psnr(apart.resized(width, height), exact) - 0.2


def test_the_file_is_read_and_decoded_once_as_large_as_the_largest_variant_needs(decodes: list[int]) -> None:
    photo = large_photo(1600, 1200)
    recipe = Recipe(photo, WHOLE)
    recipe.fused()
    assert (recipe.reads, decodes) == (1, [1])
    decodes.clear()
    recipe = Recipe(photo, SMALL)
    recipe.fused()
    assert (recipe.reads, decodes) == (1, [4])


def test_each_variant_has_a_picture_of_its_own() -> None:
    """An op may change the picture that it gets."""
    recipe = Recipe(large_photo(320, 240), {"a": ("flip", {}), "b": ("flip", {})})
    assert len(set(recipe.fused().values())) == 1


def test_a_task_that_is_retried_alone_decodes_no_more_than_it_needs(decodes: list[int]) -> None:
    recipe = Recipe(large_photo(1600, 1200), WHOLE)
    FusedWork(recipe.works, set(recipe.works))(recipe.tasks[0])
    assert decodes == [4]


def test_the_picture_of_another_job_is_read_anew() -> None:
    recipe = Recipe(large_photo(320, 240), WHOLE)
    work = FusedWork(recipe.works, set(recipe.works))
    first = recipe.tasks[0]
    for task in (first, first, msgspec.structs.replace(first, job_id="j2")):
        work(task)
    assert recipe.reads == 2


def test_a_picture_that_is_too_large_to_be_kept_is_decoded_for_each_variant(
    decodes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.pictures.KEPT_MB", 1)
    recipe = Recipe(large_photo(720, 480), {"a": ("flip", {}), "b": ("rotate90", {})})
    assert recipe.apart() == recipe.fused()
    assert decodes == [1] * 4


def test_a_picture_that_moves_keeps_its_frames_in_each_variant() -> None:
    recipe = Recipe(moving("GIF"), {"a": ("flip", {}), "b": ("thumbnail", {"width": 8})})
    assert recipe.apart() == recipe.fused()


def test_each_variant_of_a_file_that_is_no_picture_is_refused() -> None:
    recipe = Recipe(b"no picture", WHOLE)
    work = FusedWork(recipe.works, set(recipe.works))
    for task in recipe.tasks:
        with pytest.raises(Rejected, match="not_a_picture"):
            work(recipe.beside(task))


def test_a_variant_with_bad_parameters_fails_alone() -> None:
    variants = {**WHOLE, "bad": ("thumbnail", {"width": -1}), "large": ("resize", {"width": 16_384, "height": 16_384})}
    recipe = Recipe(large_photo(320, 240), variants)
    work = FusedWork(recipe.works, set(recipe.works))
    refused = []
    for task in recipe.tasks:
        try:
            work(recipe.beside(task))
        except Rejected:
            refused.append(task.variant)
    assert refused == ["bad", "large"]


def test_an_op_that_is_not_in_the_lane_any_more_is_refused() -> None:
    recipe = Recipe(large_photo(320, 240), WHOLE)
    work = FusedWork({"flip": recipe._work("flip")}, {"flip"})
    with pytest.raises(Rejected, match="op_removed"):
        work(recipe.beside(recipe.tasks[0]))
