"""Encoding -> the settings of Pillow's encoders."""

from typing import Any

from umbel_core.encoding import Encoding

_SETTINGS: dict[str, dict[str, Any]] = {
    # Optimised tables would save 3 % of the bytes for twice the time.
    "jpeg": {"quality": 85, "subsampling": "4:2:0"},
    "webp": {"quality": 80},
    # One thread: a lane has about one core.
    "avif": {"quality": 60, "max_threads": 1},
    "webp lossless": {"lossless": True},
    "gif": {"interlace": False},
}

_Steps = list[tuple[float, dict[str, Any]]]
_EFFORTS: dict[str, _Steps] = {
    "png": [
        (0.06, {"compress_level": 1}),
        (0.06, {"compress_level": 2}),
        (0.11, {"compress_level": 4}),
        (0.24, {"compress_level": 6}),
        (0.35, {"compress_level": 9}),
    ],
    "png palette": [
        (0.02, {"compress_level": 2}),
        (0.04, {"compress_level": 6}),
        (0.12, {"compress_level": 9}),
    ],
    "webp": [(0.02, {"method": 0}), (0.03, {"method": 2}), (0.08, {"method": 4}), (0.17, {"method": 6})],
    "webp lossless": [
        (0.03, {"method": 0, "quality": 0}),
        (0.12, {"method": 2, "quality": 0}),
        (0.2, {"method": 4, "quality": 50}),
        (0.26, {"method": 6, "quality": 50}),
    ],
    "avif": [(0.05, {"speed": 9}), (0.11, {"speed": 8}), (0.21, {"speed": 7}), (0.38, {"speed": 6})],
}
"""Kind -> seconds for a megapixel of a photo, measured, and settings; from the least effort to the most."""

_USUAL = {
    # Level 2 takes a quarter of level 6's time, for 9 % more bytes on photos and 12 % on drawings.
    "png": 1,
    "png palette": 1,
    # Method 2 takes 41 % less time than method 4, for 5 % more bytes and 0.3 dB less.
    "webp": 1,
    "webp lossless": 1,
    # Speed 9 takes a seventh of speed 6's time, for 8 % more bytes.
    "avif": 0,
}
"""The step without `effort`."""
_MOST_EFFORT = 10
_SECONDS = 6
"""What a step may take for all of the picture; with less than half of the lane's 20 seconds left, no task starts."""


def kind_of(name: str, wanted: Encoding, *, indexed: bool = False) -> str:
    """Return what the costs of an encoder depend on: the format, and how it is used. `indexed`: with a palette."""
    if name == "png" and indexed:
        return "png palette"
    if name == "webp" and wanted.lossless:
        return "webp lossless"
    return "jpeg progressive" if name == "jpeg" and wanted.progressive else name


def settings_of(name: str, wanted: Encoding, pixels: int, *, indexed: bool = False) -> dict[str, Any]:
    """Return the encoder's settings for a picture of this many pixels; `indexed`: it has a palette.

    A large picture gets less effort than was asked for, where it would not be finished in time.
    """
    kind = kind_of(name, wanted, indexed=indexed)
    settings = {**_SETTINGS.get(kind, _SETTINGS.get(name, {})), **_effort(kind, wanted.effort, pixels)}
    if wanted.quality is not None and "quality" in settings:
        settings["quality"] = wanted.quality
    return settings | ({"progressive": True} if wanted.progressive else {})


def _effort(kind: str, effort: int | None, pixels: int) -> dict[str, Any]:
    if (steps := _EFFORTS.get(kind)) is None:
        return {}
    step = _USUAL[kind] if effort is None else round(effort * (len(steps) - 1) / _MOST_EFFORT)
    while step and steps[step][0] * pixels / 1e6 > _SECONDS:
        step -= 1
    return steps[step][1]
