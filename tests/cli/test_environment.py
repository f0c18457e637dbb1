"""Tests of which variables of the caller's shell Umbel's processes get, and of where caches are."""

import os
from pathlib import Path

import pytest

from umbel import environment


@pytest.mark.parametrize(
    "name",
    [
        *("NODE_ENV", "NODE_OPTIONS", "npm_config_omit", "NPM_CONFIG_OMIT", "npm_config_prefix", "npm_config_include"),
        *("npm_config_ignore_scripts", "npm_config_package_lock_only", "npm_config_production"),
        *("PIP_TARGET", "PIP_PREFIX", "PIP_NO_DEPS", "PIP_REQUIRE_HASHES"),
        *("UV_NO_DEV", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_FROZEN", "UV_EXCLUDE_NEWER"),
        *("PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONSAFEPATH", "PYTHONWARNINGS", "PYTHONUSERBASE"),
        *("VIRTUAL_ENV", "CONDA_PREFIX", "JSII_DEBUG", "AWS_PROFILE", "AWS_ENDPOINT_URL"),
    ],
)
def test_variables_that_would_change_a_step_are_dropped(name: str, tmp_path: Path) -> None:
    assert name not in environment.clean({"HOME": str(tmp_path), name: "1"})


@pytest.mark.parametrize(
    "name",
    [
        *("HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "SSL_CLIENT_CERT"),
        *("UV_DEFAULT_INDEX", "UV_INDEX_CORP_PASSWORD", "PIP_INDEX_URL", "PIP_FIND_LINKS", "npm_config_registry"),
        *("NPM_CONFIG_REGISTRY", "npm_config_//registry.example/:_authToken", "LANG", "LC_ALL", "TMPDIR", "UMBEL_PORT"),
    ],
)
def test_variables_for_network_and_locale_are_passed_on(name: str, tmp_path: Path) -> None:
    assert environment.clean({"HOME": str(tmp_path), name: "mine"})[name] == "mine"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_USER", "0"),
        ("PIP_REQUIRE_VIRTUALENV", "0"),
        ("npm_config_global", "false"),
        ("npm_config_location", "project"),
        ("npm_config_dry_run", "false"),
    ],
)
def test_harmful_settings_of_a_users_configuration_are_overridden(name: str, value: str, tmp_path: Path) -> None:
    for caller in ({}, {name: "1"}, {name.upper(): "1"}):
        passed = environment.clean({"HOME": str(tmp_path), **caller})
        assert {key: text for key, text in passed.items() if key.lower() == name.lower()} == {name: value}


@pytest.mark.parametrize("home", [None, "", "{}/missing", "/proc"])
def test_caches_are_in_the_checkout_when_home_cannot_be_written(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "TOOLS", tmp_path)
    passed = environment.clean({} if home is None else {"HOME": home.format(tmp_path)})
    moved = ("UV_CACHE_DIR", "npm_config_cache", "PIP_CACHE_DIR", "CDK_HOME", "JSII_RUNTIME_PACKAGE_CACHE_ROOT")
    assert [name for name in moved if not passed.get(name, "").startswith(str(tmp_path))] == []


def test_caches_are_in_the_checkout_when_a_cache_in_home_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "TOOLS", tmp_path / "tools")
    assert "UV_CACHE_DIR" not in environment.clean({"HOME": str(tmp_path)})
    # A folder that even root cannot write.
    (tmp_path / ".npm").symlink_to("/proc")
    assert environment.clean({"HOME": str(tmp_path)})["UV_CACHE_DIR"] == str(tmp_path / "tools" / "cache" / "uv")


def test_a_cache_folder_that_the_caller_names_is_used_also_without_a_writable_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "TOOLS", tmp_path)
    assert environment.clean({"HOME": "/proc", "UV_CACHE_DIR": "/mine"})["UV_CACHE_DIR"] == "/mine"


def test_umbel_pass_names_further_variables_to_pass_on(tmp_path: Path) -> None:
    caller = {"HOME": str(tmp_path), "UMBEL_PASS": "CORP_TOKEN, OTHER", "CORP_TOKEN": "secret", "ANOTHER": "1"}
    passed = environment.clean(caller)
    assert passed["CORP_TOKEN"] == "secret"
    assert "ANOTHER" not in passed


def test_path_is_always_set(tmp_path: Path) -> None:
    assert environment.clean({"HOME": str(tmp_path)})["PATH"] == os.defpath
