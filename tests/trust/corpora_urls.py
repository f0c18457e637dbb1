"""The forbidden and the good URLs of the npm package ssrfcheck, with name servers that answer private IP addresses.

No request leaves this machine: a socket that the fetcher would open is counted and not given to it.
"""

import hashlib
import json
import shutil
import socket
import subprocess
import tarfile
from collections import Counter
from typing import Any
from unittest.mock import patch

import pycurl  # type: ignore[import-untyped]  # it has types, but does not say so

from tests.trust.corpora_files import FOLDER, Unreachable
from tests.trust.section import Section
from umbel_core.errors import Rejected
from umbel_fetching import fetcher

PACKAGE = "ssrfcheck@1.4.0"
SHA256 = "f46ac3c59ff48d34b725f54f51ed076acf810ce4aa6d9d6153c4834b835d16b9"

REFUSED = ("forbidden_address", "invalid_url", "dead_host")
PRIVATE = ("127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[::1]", "[fd00::1]")
"""What a name server may answer for a name."""


def run() -> Section:
    """Try every URL and return what was found."""
    try:
        forbidden, good = urls()
    except Unreachable as error:
        return Section("Forbidden URLs", {PACKAGE: f"not run: {error}"}, ["the URLs could not be fetched"])
    seen = {(url, address): outcome(url, address) for url in forbidden for address in (None, *PRIVATE)}
    taken = {url: outcome(url, "1.1.1.1") for url in good}
    numbers: dict[str, int | str] = {
        "forbidden URLs": len(forbidden),
        "times answers of a name server": len(PRIVATE) + 1,
    }
    numbers |= {f"forbidden: {code}": number for code, number in Counter(seen.values()).most_common()}
    numbers |= {f"good: {code}": number for code, number in Counter(taken.values()).most_common()}
    return Section("Forbidden URLs", numbers, broken(seen, taken))


def broken(seen: dict[tuple[str, str | None], str], taken: dict[str, str]) -> list[str]:
    """Return a sentence for each forbidden URL that was not refused, and each good one that was.

    Umbel refuses two kinds that ssrfcheck takes: what has no scheme, and a port other than 80 and 443.
    """
    errors = [f"{url!r}, names at {address}: {code}" for (url, address), code in seen.items() if code not in REFUSED]
    ours = {url: code for url, code in taken.items() if url.startswith("http") and not url.endswith(":8080/")}
    return errors + [f"{url!r} is good, but: {code}" for url, code in ours.items() if code != "reached"]


def outcome(url: str, address: str | None) -> str:
    """Return `reached` when a socket would be opened for the URL, else the code of the refusal.

    With an IP address, that is where every host is, whatever its name.
    """
    handle, opened = pycurl.Curl, []

    def curl() -> Any:
        made = handle()
        if address:
            made.setopt(pycurl.RESOLVE, [f"*:{port}:{address}" for port in (80, 443)])
        return made

    def no_socket(*of: Any) -> Any:
        opened.append(of)
        return pycurl.SOCKET_BAD

    default = patch.object(fetcher, "deployment", fetcher.Policy())
    with patch.object(pycurl, "Curl", curl), patch.object(socket, "socket", no_socket), default:
        try:
            fetcher.fetch(url)
        except Rejected as refusal:
            return "reached" if opened else refusal.code
    return "reached"


def urls() -> tuple[list[str], list[str]]:
    """Return the forbidden and the good URLs."""
    folder = FOLDER / f"ssrfcheck-{SHA256[:16]}"
    if not folder.is_dir():
        scratch = folder.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        _run(["npm", "pack", "--silent", PACKAGE, "--pack-destination", str(scratch)])
        (archive,) = scratch.glob("*.tgz")
        if (found := hashlib.sha256(archive.read_bytes()).hexdigest()) != SHA256:
            raise Unreachable(f"{PACKAGE} has the SHA-256 {found} instead of {SHA256}")
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        (scratch / "package" / "tests" / "data").rename(folder)
        shutil.rmtree(scratch)
    forbidden, good = (
        json.loads(_run(["node", "-p", f"JSON.stringify(require({json.dumps(str(folder / name))}))"]))
        for name in ("should-not-pass.js", "should-pass.js")
    )
    return forbidden, good


def _run(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Unreachable(f"{' '.join(command[:2])}: {error}") from error
