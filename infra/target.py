"""The target of a deployment, AWS or a local engine, with all differences between them."""

import os
import platform
import sys
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from aws_cdk import aws_lambda as lambda_


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The runtime of the functions, and the URLs of a local engine."""

    name: Literal["aws", "local"]
    python: str
    """The functions' Python version, such as `3.13`."""
    platform: str | None
    """uv's name of the platform whose wheels are installed; None means this machine."""
    architecture: Literal["arm64", "x86_64"]
    endpoint: str | None = None
    """The base URL of the engine for functions."""
    public_endpoint: str | None = None
    """The base URL of the engine for browsers, when it differs; used by the web app and in links."""

    @property
    def runtime(self) -> lambda_.Runtime:
        """The Lambda runtime of the functions."""
        return lambda_.Runtime(f"python{self.python}", lambda_.RuntimeFamily.PYTHON)

    @property
    def lambda_architecture(self) -> lambda_.Architecture:
        """The Lambda architecture of the functions."""
        return lambda_.Architecture.ARM_64 if self.architecture == "arm64" else lambda_.Architecture.X86_64


AWS = Target(name="aws", python="3.13", platform="aarch64-manylinux_2_28", architecture="arm64")


def read_target(context: Callable[[str], Any]) -> Target:
    """Return AWS, unless the context has `target=local` or `AWS_ENDPOINT_URL` is set.

    The local engine runs functions with its own Python, which also runs this synth. For an engine that runs functions
    in containers, set `-c python=3.13`.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    name = context("target") or ("local" if endpoint else "aws")
    if name == "aws":
        return AWS
    machine: Literal["arm64", "x86_64"] = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = str(context("python") or own)
    wheels = "aarch64-manylinux_2_28" if machine == "arm64" else "x86_64-manylinux_2_28"
    return Target(
        name="local",
        python=python,
        platform=None if python == own else wheels,
        architecture=machine,
        endpoint=(endpoint or "http://127.0.0.1:4566").rstrip("/"),
        public_endpoint=context("public_endpoint"),
    )
