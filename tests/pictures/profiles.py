"""Build ICC colour profiles: red, green and blue as XYZ under D50, and one tone curve."""

import struct

_D50 = (0.9642, 1.0, 0.8249)


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _profile(
    name: str, red: tuple[float, ...], green: tuple[float, ...], blue: tuple[float, ...], curve: bytes
) -> bytes:
    text = name.encode() + b"\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text\0\0\0\0CC0\0",
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_D50),
        b"rXYZ": b"XYZ \0\0\0\0" + _fixed(*red),
        b"gXYZ": b"XYZ \0\0\0\0" + _fixed(*green),
        b"bXYZ": b"XYZ \0\0\0\0" + _fixed(*blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body, at = b"", b"", 132 + 12 * len(tags)
    for tag, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += tag + struct.pack(">II", at + len(body), len(content))
        body += padded
    size = at + len(body)
    header = struct.pack(">I4sI4s4s4s12s4s", size, b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp")
    header = header.ljust(68, b"\0") + _fixed(*_D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


_SRGB_CURVE = b"para\0\0\0\0\0\x03\0\0" + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_GAMMA_2_2 = b"curv\0\0\0\0\0\0\0\x01\x02\x33"

DISPLAY_P3 = _profile(
    "Wide", (0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407), _SRGB_CURVE
)
ADOBE_RGB = _profile(
    "Wider", (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457), _GAMMA_2_2
)
PLAIN_SRGB = _profile(
    "Unnamed", (0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410), _SRGB_CURVE
)
