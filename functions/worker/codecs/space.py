"""Make ICC profiles of the colour spaces that PNG and AVIF name by numbers: gAMA, cHRM, cICP and nclx.

A profile that is practically sRGB costs nothing: the converter does not use it.
"""

import struct
from functools import lru_cache

Point = tuple[float, float]
"""x and y of a colour."""
Primaries = tuple[Point, Point, Point, Point]
"""White, red, green and blue."""
Vector = tuple[float, float, float]

_D65 = (0.3127, 0.3290)
_BT_709: Primaries = (_D65, (0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_PRIMARIES: dict[int, Primaries] = {
    1: _BT_709,
    9: (_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: ((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: (_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
"""The primaries of cICP and nclx: BT.709, BT.2020, and P3 of cinemas and of displays."""
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_LIKE_SRGB = (1, 2, 6, 13, 14, 15)
"""sRGB's curve, and those of television, which browsers show by sRGB's."""

_D50: Vector = (0.9642, 1.0, 0.8249)
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_USUAL_GAMMA = 1 / 2.2


def of_code_points(primaries: int, transfer: int) -> bytes | None:
    """Return the profile of cICP's and nclx's numbers; None for sRGB, for what is unknown and for HDR."""
    if primaries not in _PRIMARIES or (primaries == 1 and transfer in _LIKE_SRGB):
        return None
    if transfer in _LIKE_SRGB:
        return _profile(_PRIMARIES[primaries], None, gray=False)
    return _profile(_PRIMARIES[primaries], _GAMMAS[transfer], gray=False) if transfer in _GAMMAS else None


def of_gamma(gamma: float, chromaticities: Primaries | None, *, gray: bool) -> bytes | None:
    """Return the profile of a PNG's gAMA and cHRM; None when it makes no sense. A gamma near 1/2.2 means sRGB."""
    curve = None if abs(gamma / _USUAL_GAMMA - 1) < 0.05 else 1 / gamma if 0.1 < gamma < 10 else 0
    if curve == 0 or (curve is None and (gray or not chromaticities)):
        return None
    try:
        return _profile(chromaticities or _BT_709, curve, gray=gray)
    except (ZeroDivisionError, struct.error):
        return None


@lru_cache(maxsize=8)
def _profile(primaries: Primaries, gamma: float | None, *, gray: bool) -> bytes:
    """Return an ICC profile; without a gamma, its curve is that of sRGB."""
    srgb = b"para\0\0\0\0\0\3\0\0" + _numbers(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    curve = srgb if gamma is None else b"para\0\0\0\0\0\0\0\0" + _numbers(gamma)
    tags = {b"wtpt": _xyz(_D50)}
    if gray:
        tags[b"kTRC"] = curve
    else:
        colours = _adapted(primaries)
        tags |= dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, colours), strict=True))
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body, at = b"", b"", 132 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">II", at + len(body), len(content))
        body += content
    space = b"GRAY" if gray else b"RGB "
    header = struct.pack(">I4xI4s4s4s12x4s", at + len(body), 0x04200000, b"mntr", space, b"XYZ ", b"acsp")
    header = header.ljust(68, b"\0") + _numbers(*_D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _adapted(primaries: Primaries) -> list[Vector]:
    """Return red, green and blue as XYZ under the profile's white: each so bright that together they make white."""
    white, *colours = ((x / y, 1.0, (1 - x - y) / y) for x, y in primaries)
    shares = _solved(colours, white)
    response, wanted = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    made = []
    for colour, share in zip(colours, shares, strict=True):
        cones = _times(_BRADFORD, colour)
        scaled = [share * cone * to / of for cone, of, to in zip(cones, response, wanted, strict=True)]
        made.append(_solved(list(zip(*_BRADFORD, strict=True)), (scaled[0], scaled[1], scaled[2])))
    return made


def _times(matrix: tuple[Vector, Vector, Vector], vector: Vector) -> Vector:
    one, two, three = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return one, two, three


def _solved(columns: list[Vector], wanted: Vector) -> Vector:
    """Return how much of each column makes the wanted vector (Cramer's rule)."""
    whole = _determinant(columns)
    one, two, three = (
        _determinant([wanted if index == place else column for index, column in enumerate(columns)]) / whole
        for place in range(3)
    )
    return one, two, three


def _determinant(columns: list[Vector]) -> float:
    (a, d, g), (b, e, h), (c, f, i) = columns
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def _xyz(colour: Vector) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers(*colour)


def _numbers(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)
