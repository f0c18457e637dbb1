"""Contract -> documents: `make generate` writes what is generated, and a test says when it is not up to date."""

import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("functions", "layers/core", "layers/fetching", "layers/imaging")]

from infra import asyncapi, costs, openapi  # noqa: E402
from umbel.paths import version  # noqa: E402
from umbel_core import contract  # noqa: E402
from umbel_core.catalogue import read_ops  # noqa: E402
from umbel_core.settings import Limits  # noqa: E402

TYPES = ROOT / "frontend" / "src" / "api" / "schema.d.ts"


def documents() -> dict[Path, bytes]:
    """Return the documents that are generated from the contract, by path."""
    made = {"openapi.json": openapi.document(version(), Limits()), "asyncapi.json": asyncapi.document(version())}
    documents = {
        ROOT / "docs" / name: msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
        for name, document in made.items()
    }
    prose = ROOT / "docs" / "api.md"
    text = prose.read_text(encoding="utf-8")
    errors = [
        f"| `{code}` | {'task' if kind.of_task else kind.status} | {kind.meaning} |"
        for code, kind in contract.ERRORS.items()
    ]
    text = _with_table(text, "errors", ["| code | status, or of a task | meaning |", "|---|---|---|", *errors])
    warnings = [f"| `{code}` | {meaning} |" for code, meaning in contract.WARNINGS.items()]
    text = _with_table(text, "warnings", ["| code | meaning |", "|---|---|", *warnings])
    catalogue = read_ops(ROOT / "functions" / "ops")
    costs_page = costs.document(len(catalogue), len(catalogue.ordered))
    return documents | {prose: text.encode(), ROOT / "docs" / "costs.md": costs_page.encode()}


def _with_table(text: str, name: str, rows: list[str]) -> str:
    """Return the text with these rows between the marks of this name."""
    head, mark, rest = text.partition(f"<!-- {name}: made by `make generate` -->\n")
    table = "\n".join(rows)
    return f"{head}{mark}{table}\n{rest[rest.index(f'<!-- /{name} -->') :]}"


def types(target: Path = TYPES) -> None:
    """Write the front end's types: of the API, of the WebSocket's messages and of the page's configuration."""
    whole = openapi.document(version(), Limits())
    whole["components"]["schemas"] |= asyncapi.document(version())["components"]["schemas"]
    whole["components"]["schemas"] |= msgspec.json.schema_components(
        [contract.PageConfig, contract.Page], ref_template="#/components/schemas/{name}"
    )[1]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "contract.json"
        source.write_bytes(msgspec.json.encode(whole))
        command = [
            "openapi-typescript",
            str(source),
            "-o",
            str(target),
            "--empty-objects-unknown",
            "--root-types",
            "--root-types-no-schema-prefix",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def main() -> None:
    """Write all generated documents and types."""
    for path, data in documents().items():
        path.write_bytes(data)
    types()


if __name__ == "__main__":
    main()
