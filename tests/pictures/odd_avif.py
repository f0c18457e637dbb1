"""AVIFs with properties that Pillow does not write; it encodes the pixels, the boxes around them are made here."""

import struct

from PIL import Image

from tests.pictures.scene import saved


def with_properties(picture: Image.Image, *more: bytes) -> bytes:
    """Return an AVIF whose picture has these properties besides the usual ones."""
    plain = saved(picture, "AVIF", quality=95, subsampling="4:4:4")
    at, coded = plain.index(b"av1C") - 4, plain[plain.index(b"mdat") + 4 :]
    configuration = plain[at : at + int.from_bytes(plain[at : at + 4])]
    size, depth = full_box(b"ispe", struct.pack(">II", *picture.size)), full_box(b"pixi", b"\3\x08\x08\x08")
    listed = [size, depth, configuration, *more]
    used = bytes([len(listed), 1, 2, *(0x80 | index for index in range(3, len(listed) + 1))])  # 0x80: not to be ignored
    properties = box(b"ipco", b"".join(listed)) + full_box(b"ipma", struct.pack(">IH", 1, 1) + used)

    def before(start: int) -> bytes:
        entry = full_box(b"infe", struct.pack(">HH", 1, 0) + b"av01\0", version=2)
        parts = [
            full_box(b"hdlr", bytes(4) + b"pict" + bytes(13)),
            full_box(b"pitm", struct.pack(">H", 1)),
            full_box(b"iloc", b"\x44\0" + struct.pack(">HHHHII", 1, 1, 0, 1, start, len(coded))),
            full_box(b"iinf", struct.pack(">H", 1) + entry),
            box(b"iprp", properties),
        ]
        return box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf") + full_box(b"meta", b"".join(parts))

    return before(len(before(0)) + 8) + box(b"mdat", coded)


def aperture(width: tuple[int, int], height: tuple[int, int], x: tuple[int, int], y: tuple[int, int]) -> bytes:
    """Return a clean aperture: its size, and how far its middle is from that of the picture, as fractions."""
    return box(b"clap", struct.pack(">IIIIiIiI", *width, *height, *x, *y))


def space(primaries: int, transfer: int) -> bytes:
    """Return a colour space by its numbers."""
    return box(b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, 6, 0x80))


def turned(quarters: int) -> bytes:
    """Return a rotation by quarter turns against the clock."""
    return box(b"irot", bytes([quarters]))


def box(name: bytes, content: bytes) -> bytes:
    """Encode one box."""
    return struct.pack(">I", len(content) + 8) + name + content


def full_box(name: bytes, content: bytes, version: int = 0) -> bytes:
    """Encode one box with a version and flags."""
    return box(name, bytes([version, 0, 0, 0]) + content)
