"""The documents name every command, setting, target and route, and nothing that does not exist; all links work."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from api.app import app, routes
from infra.settings import Settings
from tests.docs.reading import ROOT, without_code
from umbel import cli
from umbel_core.settings import Limits

DOCS = ROOT / "docs"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "tests").rglob("*.md"))]
API = (DOCS / "api.md").read_text()
CLI = (DOCS / "cli.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
TEXTS = {path: path.read_text() for path in DOCUMENTS}
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
TREE = "|".join(("bench", "docs", "examples", "frontend", "functions", "infra", "layers", "tests", "umbel"))
RAISED = {"Rejected", "Transient", "Skipped", "ErrorRecord"}
"""Names that are called with an error's code as their first argument."""


def _anchor(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")


def _links() -> Iterator[tuple[Path, str]]:
    for path, text in TEXTS.items():
        for match in LINK.finditer(without_code(text)):
            if "://" not in match["target"]:
                yield path, match["target"]


@pytest.mark.parametrize(("document", "target"), list(_links()), ids=lambda value: str(getattr(value, "name", value)))
def test_every_link_leads_to_a_file_and_a_heading(document: Path, target: str) -> None:
    name, _, anchor = target.partition("#")
    linked = (document.parent / name).resolve() if name else document
    assert linked.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", without_code(linked.read_text()), re.MULTILINE)
        assert anchor in {_anchor(heading) for heading in headings}


def test_every_file_of_the_tree_that_a_document_names_exists() -> None:
    named = {
        (path.relative_to(ROOT), name)
        for path, text in TEXTS.items()
        for name in re.findall(rf"`((?:{TREE})/[\w./-]+\.\w+)`", text)
    }
    assert not sorted(str(pair) for pair in named if not (ROOT / pair[1]).exists())


def test_every_document_is_linked_from_another() -> None:
    linked = {
        (path.parent / target.partition("#")[0]).resolve()
        for path, target in _links()
        if target.partition("#")[0] != path.name
    }
    alone = {path for path in DOCS.rglob("*.md") if path not in linked and path.parent not in linked}
    assert not alone


def _commands(group: click.Group, before: str) -> Iterator[tuple[str, set[str]]]:
    """Every command with its options, `--help`, `--json`, `--aws` and `--profile` of all commands apart."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before} {name}")
            continue
        options = {
            text
            for option in command.params
            if isinstance(option, click.Option)
            for text in (*option.opts, *option.secondary_opts)
        }
        yield f"{before} {name}", options - {"--json"} - _of_all(name)


def _of_all(name: str) -> set[str]:
    """The options that most commands have; where they are a command's own, its row names them."""
    return set() if name == "doctor" else {"--aws", "--profile"}


def _documented_commands() -> dict[str, set[str]]:
    rows = re.findall(r"^\| `(umbel [^`]+)` \|", CLI, re.MULTILINE)
    found = {}
    for row in rows:
        words = row.replace("\\|", " ").replace("[", " ").replace("]", " ").replace(",", " ").split()
        name = " ".join(words[:3]) if words[1] == "token" else " ".join(words[:2])
        found[name] = {word for word in words if word.startswith("-")}
    return found


def test_the_command_line_s_document_has_every_command_and_option_and_no_other() -> None:
    assert _documented_commands() == dict(_commands(cli.umbel, "umbel"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_no_command_that_is_not_there(document: Path) -> None:
    known = {command.split()[1] for command in _documented_commands()}
    named = re.findall(r"(?:`|\$ |^|bin/)umbel ([a-z]+)\b", _code(TEXTS[document]), re.MULTILINE)
    assert set(named) <= known


def _code(text: str) -> str:
    """The code of a document, a piece a line."""
    return "\n".join(re.findall(r"^```\w*\n.*?^```$|`[^`\n]+`", text, re.MULTILINE | re.DOTALL))


def test_the_settings_document_has_every_setting_and_no_other() -> None:
    table = (DOCS / "settings.md").read_text().partition("\n## ")[0].partition("| key |")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(Settings.__struct_fields__)


def _bounded() -> Iterator[tuple[str, int, int | None, int | None]]:
    """The limits of a deployment with their default and bounds."""
    for field in msgspec.inspect.type_info(Limits).fields:  # type: ignore[attr-defined]
        if isinstance(field.type, msgspec.inspect.IntType):
            yield field.name, field.default, field.type.ge, field.type.le


@pytest.mark.parametrize(("name", "default", "least", "most"), list(_bounded()))
def test_the_settings_document_has_the_defaults_and_bounds(
    name: str, default: int, least: int | None, most: int | None
) -> None:
    assert f"| `{name}` | {default} | {least} to {most} |" in (DOCS / "settings.md").read_text()


def test_every_target_of_make_is_in_a_document_and_no_other() -> None:
    there = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    named = {
        name
        for text in TEXTS.values()
        for name in re.findall(r"(?:`|^|bin/)make ([a-z]+)\b", _code(text), re.MULTILINE)
    }
    assert named - {"help"} == there - {"help"}


ROUTES = {(method, re.sub(r"\{\w+\}", "{}", path)) for path, methods in app.routes.items() for method in methods}


def _documented_routes() -> set[tuple[str, str]]:
    """The routes of the table at the start: `METHOD /path`."""
    table = API.partition("\n## ")[0]
    return {
        (method, re.sub(r"\{\w+\}", "{}", path))
        for method, path in re.findall(r"(GET|POST|PUT|DELETE) (/[\w/{}.-]+)", table)
    }


def test_the_api_s_document_has_every_route_and_no_other() -> None:
    assert _documented_routes() == ROUTES


def test_the_documents_name_the_routes_that_need_no_token() -> None:
    open_routes = {route.path for route in routes.all if route.is_open}
    security = (ROOT / "docs" / "security.md").read_text()
    exceptions = re.search(r"Every route except (.+?), and every WebSocket", security, re.DOTALL)
    assert exceptions
    assert set(re.findall(r"`GET (/[\w./]+)`", exceptions[1])) == open_routes
    assert set(re.findall(r"^\| .*?`GET (/[\w./]+)`.* \| anybody \|", API, re.MULTILINE)) == open_routes


def _codes() -> Iterator[str]:
    """The codes of errors that the functions and their layers raise or record."""
    for root in ("layers", "functions"):
        for path in sorted((ROOT / root).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") in RAISED:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield first.value


@pytest.mark.parametrize("code", sorted(set(_codes())))
def test_every_code_of_an_error_is_in_the_api_s_document(code: str) -> None:
    assert f"`{code}`" in API
