"""Build the environment variables of the processes that Umbel starts, from lists of allowed names.

Every process that Umbel starts (uv, npm, the CDK, the engine, the tests) and every AWS client that it creates gets its
variables from here. A variable of the caller that is on no list is dropped, because it could change what the process
does, as `NODE_ENV`, `PIP_USER` or `PYTHONOPTIMIZE` would.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from umbel.paths import TOOLS

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
"""The credentials that a local engine accepts."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_PROXIES = r"(https?|all|no)_proxy"
_CERTIFICATES = (
    r"ssl_cert_(file|dir)|requests_ca_bundle|curl_ca_bundle|node_extra_ca_certs|ssl_client_cert"
    r"|nix_ssl_cert_file|node_use_system_ca|node_use_env_proxy"
)
_TERMINAL = r"path|home|user|logname|shell|term|colorterm|columns|lines|no_color|force_color|ci|tz|tmpdir|temp|tmp"
_LOCALE = r"lang|language|lc_[a-z]+|locale_archive"
_FOLDERS = r"xdg_(cache|config|data|state|runtime)_(home|dir)|ld_library_path|pyenv_root|nix_ld(_library_path)?"
_PIP = (
    r"pip_(index_url|extra_index_url|no_index|find_links|trusted_host|cert|client_cert|proxy|retries|timeout"
    r"|default_timeout|keyring_provider|config_file|cache_dir|disable_pip_version_check)"
)
_UV = (
    r"uv_(default_index|index|index_url|extra_index_url|index_strategy|no_index|find_links|insecure_host"
    r"|keyring_provider|native_tls|system_certs|offline|cache_dir|config_file|link_mode|http_timeout|http_retries"
    r"|http_connect_timeout|request_timeout|python_install_mirror|python_downloads|concurrent_[a-z]+)"
    r"|uv_index_[a-z0-9_]+_(username|password)|netrc"
)
_NPM = (
    r"npm_config_(registry|userconfig|globalconfig|cache|cafile|ca|cert|key|strict_ssl|proxy|https_proxy|noproxy"
    r"|maxsockets|fetch_[a-z_]+|offline|prefer_offline|_auth|_authtoken|always_auth)"
    r"|npm_config_(@|//).*|npm_token|node_auth_token"
)
_BROWSERS = r"playwright_(browsers_path|download_host|download_connection_timeout)|display|mozilla_[a-z_]+"
_OURS = r"umbel_.*"
_ALLOWED = re.compile(
    "|".join((_PROXIES, _CERTIFICATES, _TERMINAL, _LOCALE, _FOLDERS, _PIP, _UV, _NPM, _BROWSERS, _OURS)), re.IGNORECASE
)
_FIXED_SETTINGS = {
    "PIP_USER": "0",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "npm_config_global": "false",
    "npm_config_location": "project",
    "npm_config_dry_run": "false",
}
"""They override settings of a user's pip.conf or .npmrc that would make an installation inside a checkout fail."""
_CACHES_IN_HOME = (".cache", ".cache/uv", ".cache/pip", ".cache/aws/jsii", ".npm", ".npm/_cacache", ".cdk")
_AWS = re.compile(r"AWS_.*|BOTO.*|LOCALSTACK_.*|EDGE_PORT|CDK_.*", re.IGNORECASE)
"""Variables that change which endpoint or account an AWS client uses."""
TOOL_SETTINGS = re.compile(r"(NODE|NPM_CONFIG|PIP|UV|PYTHON|CONDA)_?|VIRTUAL_ENV", re.IGNORECASE)
"""Prefixes of the variables that change what Python, uv, pip, Node and npm do."""


def clean(caller: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the caller's variables that are allowed, and cache folders that can be written.

    `UMBEL_PASS=NAME,NAME` allows further variables, such as one that an `.npmrc` refers to.
    """
    caller = os.environ if caller is None else caller
    passed = {name: value for name, value in caller.items() if passes(name, caller)}
    passed.setdefault("PATH", os.defpath)
    passed.update(_FIXED_SETTINGS)
    if not _writable(passed.get("HOME")):
        passed = _caches() | passed
    return passed


def for_aws(caller: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a process that calls AWS: the clean one and the caller's own AWS settings."""
    caller = os.environ if caller is None else caller
    return clean(caller) | {name: value for name, value in caller.items() if _AWS.fullmatch(name)}


def for_local(endpoint: str, caller: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a process whose AWS clients can reach a local engine and nothing else.

    It has none of the caller's `AWS_*` variables and reads neither AWS configuration file: `AWS_PROFILE`,
    `AWS_ENDPOINT_URL_S3` or `AWS_USE_FIPS_ENDPOINT` would send requests elsewhere. Proxies are used for downloads,
    never for the engine.
    """
    caller = os.environ if caller is None else caller
    return clean({name: value for name, value in caller.items() if not _AWS.fullmatch(name)}) | _local(endpoint, caller)


def become_local(endpoint: str) -> None:
    """Change this process's variables so that its AWS clients reach the local engine at `endpoint` and nothing else."""
    wanted = _local(endpoint, os.environ)
    for name in [name for name in os.environ if _AWS.fullmatch(name) and name not in wanted]:
        del os.environ[name]
    os.environ.update({name: value for name, value in wanted.items() if os.environ.get(name) != value})


def _local(endpoint: str, caller: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make AWS clients call the engine without a proxy and read no configuration file."""
    own = [*LOOPBACK, urlsplit(endpoint).hostname or ""]
    callers = [name for key in ("NO_PROXY", "no_proxy") for name in caller.get(key, "").split(",")]
    no_proxy = ",".join(dict.fromkeys(name.strip() for name in (*callers, *own) if name.strip()))
    return {
        **CREDENTIALS,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def passes(name: str, caller: Mapping[str, str] | None = None) -> bool:
    """Return whether a variable is allowed: its name is on a list above, or in the caller's `UMBEL_PASS`."""
    also = (os.environ if caller is None else caller).get("UMBEL_PASS", "")
    return _ALLOWED.fullmatch(name) is not None or name in {part.strip() for part in also.split(",")}


def matters(name: str) -> bool:
    """Return whether a variable could change what our processes do."""
    return passes(name) or bool(_AWS.fullmatch(name) or TOOL_SETTINGS.match(name))


def has_writable_home() -> bool:
    """Return whether the tools can write their caches in the caller's HOME."""
    return _writable(os.environ.get("HOME"))


def _writable(home: str | None) -> bool:
    """Return whether the tools can write their caches in HOME, where `sudo npm` may have left folders of root's.

    The test is to write a file: file modes do not apply to root, and say nothing about a read-only file system.
    """
    if not home:
        return False
    try:
        for folder in (Path(home), *(Path(home, part) for part in _CACHES_IN_HOME)):
            if folder == Path(home) or folder.exists():
                with tempfile.TemporaryFile(dir=folder):
                    pass
    except OSError:
        return False
    return True


def _caches() -> dict[str, str]:
    """Return variables that move the caches of uv, npm, pip and the CDK from HOME into the checkout."""
    cache = TOOLS / "cache"
    folders = {
        "UV_CACHE_DIR": "uv",
        "npm_config_cache": "npm",
        "PIP_CACHE_DIR": "pip",
        "CDK_HOME": "cdk",
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": "jsii",
    }
    cache.mkdir(parents=True, exist_ok=True)
    return {
        **{name: str(cache / folder) for name, folder in folders.items()},
        "XDG_CACHE_HOME": str(cache),
        "XDG_DATA_HOME": str(cache / "data"),
    }
