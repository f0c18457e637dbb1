"""The published page has the licences of everything that it bundles."""

import json
import re
from pathlib import Path

from infra.site import built

LICENCES = built() / "licenses.txt"
DEPENDENCIES = json.loads(Path("frontend/package.json").read_text())["dependencies"]


def test_every_dependency_of_the_page_has_its_licence_on_the_page() -> None:
    licences = LICENCES.read_text(encoding="utf-8")
    assert set(DEPENDENCIES) <= set(re.findall(r"^## (\S+) - ", licences, re.MULTILINE))
    assert "SIL OPEN FONT LICENSE" in licences, "of the fonts"
    assert "DOMPurify" in licences, "of a package inside Redoc"


def test_the_page_names_no_other_host_that_would_be_asked() -> None:
    assert "cdn.redoc.ly" not in (built() / "docs" / "redoc.standalone.js").read_text(encoding="utf-8")
