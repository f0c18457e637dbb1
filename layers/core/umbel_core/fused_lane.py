"""The lane of fused recipes: one message has all variants of a picture, which is read and decoded once for them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from umbel_core.messages import RunTask
from umbel_core.op import Compute, OpCard

if TYPE_CHECKING:
    from umbel_core.catalogue import Catalogue
    from umbel_core.recipes import Recipes

FUSED = "fused-recipes"
"""The lane's name, where other lanes have that of their op. No op has it: an op's name is that of a function."""
PICTURE = "picture"
"""What an op takes whose input is shared decoded, not only as a file."""
KEPT_MB = 128
"""What the lane has for the decoded picture that all variants are made from, besides the memory of its ops."""
_MOST_MB, _MOST_SECONDS = 10_240, 900
_BATCH = 2
"""More than one, so that a batch whose worker died is received again at its timeout, not after six of them."""
_MESSAGE_BYTES = 200_000
"""SNS takes 256 kB."""


class FusedLane(msgspec.Struct, frozen=True):
    """What the lane has."""

    ops: tuple[str, ...]
    compute: Compute


def fused_lane(recipes: "Recipes", catalogue: "Catalogue") -> FusedLane | None:
    """Return the lane that these recipes need; None when none of them is fused.

    It has as much memory as the op that needs most, and as much time as all variants of the longest recipe together.
    """
    fused = [list(variants.values()) for variants in recipes.values() if any(each.fuse for each in variants.values())]
    if not fused:
        return None
    ops = tuple(sorted({variant.op for variants in fused for variant in variants}))
    computes = [catalogue[op].compute for op in ops]
    seconds = max(sum(catalogue[variant.op].compute.timeout_seconds for variant in variants) for variants in fused)
    compute = Compute(
        memory_mb=min(max(compute.memory_mb for compute in computes) + KEPT_MB, _MOST_MB),
        timeout_seconds=min(seconds, _MOST_SECONDS),
        concurrency=max(compute.concurrency for compute in computes),
        batch=_BATCH,
    )
    return FusedLane(ops, compute)


def fused_card(lane: FusedLane) -> OpCard:
    """Return the card of the lane, as the lanes of ops have one."""
    summary = "All variants of a picture, which is decoded once."
    return OpCard(
        name=FUSED,
        summary=summary,
        takes=PICTURE,
        carrier="file",
        returns="picture",
        input={},
        params={},
        compute=lane.compute,
    )


def packed(tasks: Iterable[RunTask]) -> Iterator[RunTask]:
    """Yield the messages of these tasks: one for all fused tasks of a job that follow each other, else one for each."""
    pack: list[RunTask] = []
    size = 0
    for task in tasks:
        if not task.fused:
            yield task
            continue
        length = len(msgspec.json.encode(task))
        if pack and (task.job_id != pack[0].job_id or size + length > _MESSAGE_BYTES):
            yield _together(pack)
            pack, size = [], 0
        pack.append(task)
        size += length
    if pack:
        yield _together(pack)


def _together(pack: list[RunTask]) -> RunTask:
    first, *others = pack
    return msgspec.structs.replace(first, together=others)
