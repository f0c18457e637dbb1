"""The target of a deployment, AWS or a local engine: everything in which the two differ."""

import os
import platform
import sys
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from aws_cdk import aws_lambda as lambda_


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What the functions run on, and the URLs at which they are reached."""

    name: Literal["aws", "local"]
    python: str
    """The functions' interpreter: `3.13`."""
    platform: str | None
    """uv's name of the platform that wheels are taken for; None is this machine."""
    architecture: Literal["arm64", "x86_64"]
    endpoint: str | None = None
    """Base URL of the engine, as functions reach it."""
    public_endpoint: str | None = None
    """Base URL of the engine as browsers reach it, when it is another one: for the page and for links."""

    @property
    def runtime(self) -> lambda_.Runtime:
        """Lambda's name of the interpreter."""
        return lambda_.Runtime(f"python{self.python}", lambda_.RuntimeFamily.PYTHON)

    @property
    def lambda_architecture(self) -> lambda_.Architecture:
        """The processor that functions are declared for."""
        return lambda_.Architecture.ARM_64 if self.architecture == "arm64" else lambda_.Architecture.X86_64


AWS = Target(name="aws", python="3.13", platform="aarch64-manylinux_2_28", architecture="arm64")


def read_target(context: Callable[[str], Any]) -> Target:
    """Return AWS, unless the context says `target=local` or `AWS_ENDPOINT_URL` names an engine.

    The local engine runs functions on its own interpreter, which is the one that runs this synthesis; an engine that
    runs them in containers takes `-c python=3.13`.
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
