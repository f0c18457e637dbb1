"""The target of a deployment, AWS or a local engine, with all differences between them."""

import os
import platform
import sys
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from aws_cdk import aws_lambda as lambda_

from umbel.errors import UmbelError


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
    has_containers: bool = False
    """The local engine runs functions in containers, as LocalStack does, not with the Python of this machine."""

    @property
    def runtime(self) -> lambda_.Runtime:
        """The Lambda runtime of the functions."""
        return lambda_.Runtime(f"python{self.python}", lambda_.RuntimeFamily.PYTHON)

    @property
    def lambda_architecture(self) -> lambda_.Architecture:
        """The Lambda architecture of the functions."""
        return lambda_.Architecture.ARM_64 if self.architecture == "arm64" else lambda_.Architecture.X86_64


_CONTAINER_PYTHONS = ("3.12", "3.13", "3.14")
"""The runtimes whose images have the glibc that the wheels (manylinux_2_28) need."""

AWS = Target(name="aws", python="3.13", platform="aarch64-manylinux_2_28", architecture="arm64")


def read_target(context: Callable[[str], Any]) -> Target:
    """Return AWS, unless the context has `target=local` or `AWS_ENDPOINT_URL` is set.

    The local engine runs functions with its own Python, which also runs this synth. For an engine that runs functions
    in containers, set `-c python=3.13`; then the wheels are those of Lambda's images, not those of this machine.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    name = context("target") or ("local" if endpoint else "aws")
    if name == "aws":
        return AWS
    machine: Literal["arm64", "x86_64"] = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = str(context("python") or own)
    if context("python") and python not in _CONTAINER_PYTHONS:
        # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html: the image of 3.11 is Amazon Linux 2 with
        # glibc 2.26, those from 3.12 on are Amazon Linux 2023 with glibc 2.34.
        versions = ", ".join(_CONTAINER_PYTHONS)
        raise UmbelError(f"-c python={python}: the wheels need glibc 2.28, which the images of Python {versions} have")
    wheels = "aarch64-manylinux_2_28" if machine == "arm64" else "x86_64-manylinux_2_28"
    return Target(
        name="local",
        python=python,
        platform=wheels if context("python") else None,
        architecture=machine,
        endpoint=(endpoint or "http://127.0.0.1:4566").rstrip("/"),
        public_endpoint=context("public_endpoint"),
        has_containers=bool(context("python")),
    )
