"""Real pictures that nobody here made: test files of Pillow and of seven Debian source packages.

They are fetched when they are needed and kept in `.build/corpora`, never in the repository: some are GPL or LGPL, and
many are damaged or malicious. Every archive is checked by its SHA-256.
"""

import hashlib
import shutil
import subprocess
import tarfile
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from umbel.paths import ROOT

FOLDER = ROOT / ".build" / "corpora"

DEBIAN = {
    "exiv2": ("0.27.6", "f16ee5ff08b6994c66106109417857f13e711fca100ac43c6a403d4f02b59602"),
    "gdk-pixbuf": ("2.42.10+dfsg", "46663e445468e92f4a0ca876b02aed4f8758595ee3acfaa6ef3ba2b29e1c1930"),
    "giflib": ("5.2.1", "31da5562f44c5f15d63340a09a4fd62b48c45620cd302f77a6d9acf0077879bd"),
    "libgd2": ("2.3.3", "dd3f1f0bb016edcc0b2d082e8229c822ad1d02223511997c80461481759b1ed2"),
    "libimage-exiftool-perl": ("12.57+dfsg", "9de7ccd6ed6adf92038c8d943b1960d087b58c00b3924d19f61a1d774b7610fc"),
    "libpng1.6": ("1.6.39", "a00e9d2f2f664186e4202db9299397f851aea71b36a35e74910b8820e380d441"),
    "tiff": ("4.5.0", "638f43d7dea33948d5dee7f39572fc0194d9cc3c74195de9dd26a4388a1f880a"),
}
"""Source package -> upstream version in Debian 12 and the SHA-256 of its archive. Debian's patches add no pictures."""

_DEBIAN_SOURCES = "deb-src http://deb.debian.org/debian bookworm main\n"


class Unreachable(Exception):  # noqa: N818 - no error of the code
    """An archive cannot be fetched from here; the message says why."""


def pillow_pictures(seconds: float = 120) -> list[Path]:
    """Return the files in `Tests/images` of the source distribution of the locked Pillow."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    source = next(package["sdist"] for package in packages if package["name"] == "pillow")
    sha256 = source["hash"].removeprefix("sha256:")

    def fetch(folder: Path) -> Path:
        try:
            with urllib.request.urlopen(source["url"], timeout=seconds) as answer:
                (folder / "pillow.tar.gz").write_bytes(answer.read())
        except OSError as error:
            raise Unreachable(f"{source['url']}: {error}") from error
        return folder / "pillow.tar.gz"

    return _unpacked("pillow", sha256, fetch, lambda name, _: "/Tests/images/" in name)


def debian_pictures() -> list[Path]:
    """Return the files of the Debian source packages that are not text."""
    return [path for package in DEBIAN for path in _debian(package)]


def _debian(package: str) -> list[Path]:
    version, sha256 = DEBIAN[package]

    def fetch(folder: Path) -> Path:
        _apt_get(["source", "--download-only", "--only-source", package], folder)
        archives = list(folder.glob(f"{package}_{version}.orig.tar.*"))
        if len(archives) != 1:
            raise Unreachable(f"Debian no longer has {package} {version}")
        return archives[0]

    return _unpacked(package, sha256, fetch, lambda _, data: _is_binary(data))


def _unpacked(
    name: str, sha256: str, fetch: Callable[[Path], Path], wanted: Callable[[str, bytes], bool]
) -> list[Path]:
    """Return the wanted files of an archive, which is fetched and unpacked if that was not done before."""
    folder = FOLDER / f"{name}-{sha256[:16]}"
    if not folder.is_dir():
        scratch = folder.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        archive = fetch(scratch)
        if (found := hashlib.sha256(archive.read_bytes()).hexdigest()) != sha256:
            raise Unreachable(f"{archive.name} has the SHA-256 {found} instead of {sha256}")
        files = scratch / "files"
        files.mkdir()
        for member, data in _members(archive):
            if wanted(member, data):
                (files / _flat(member)).write_bytes(data)
        files.rename(folder)
        shutil.rmtree(scratch)
    return sorted(folder.iterdir())


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and (content := tar.extractfile(member)):
                yield member.name, content.read()


def _flat(member: str) -> str:
    """Return a file name for a path in an archive: no path in it can lead out of the folder."""
    return member.partition("/")[2].replace("/", "~")[-200:]


def _is_binary(data: bytes) -> bool:
    try:
        return "\0" in data.decode()
    except UnicodeDecodeError:
        return True


def _apt_get(arguments: list[str], folder: Path) -> None:
    """Run apt-get with package lists of its own, so that the machine needs no `deb-src` line."""
    apt = FOLDER / "apt"
    settings = {"Dir::Etc::SourceList": apt / "sources.list", "Dir::Etc::SourceParts": "/dev/null"}
    settings |= {"Dir::State::Lists": apt / "lists", "Dir::Cache": apt / "cache"}
    if not (apt / "lists").is_dir():
        for part in ("lists", "cache/archives"):
            (apt / part / "partial").mkdir(parents=True)
        (apt / "sources.list").write_text(_DEBIAN_SOURCES)
        _apt_get(["update"], folder)
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    try:
        done = subprocess.run(
            ["apt-get", "-q", *options, *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise Unreachable(f"the Debian packages need apt-get: {error}") from error
    if done.returncode:
        raise Unreachable(f"apt-get {arguments[0]}: {done.stderr.strip().splitlines()[-1:]}")
