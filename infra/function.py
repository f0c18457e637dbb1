"""What every function here has in common: interpreter, layer, JSON logs, tracing, retention, its own role."""

import re
from collections.abc import Collection
from pathlib import Path

import msgspec
from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bundle import ROOT, BundleError, code, fingerprint, layer, packages_layer, size
from infra.target import Target
from umbel_core.environment import variables

FUNCTIONS = ROOT / "functions"
ASSETS = ROOT / "assets"
_LOGS = {"POWERTOOLS_LOG_LEVEL": "INFO"}
"""Set here, so that a local engine's environment cannot lower it: there, a function that logs nothing waits 50 ms."""
_MOST_BYTES = 250 * 1024**2
"""Lambda's limit for a function's code and its layers together, unpacked."""


class FunctionFactory:
    """Makes the stack's functions and the layers that they share."""

    def __init__(
        self,
        scope: Construct,
        target: Target,
        prefix: str,
        packaged_data: dict[str, bytes],
        ops: Path,
        left_out_formats: Collection[str] = (),
    ) -> None:
        self.target = target
        self.prefix = prefix
        self.ops = ops
        self._scope = scope
        self._packaged_data = packaged_data
        self._left_out_formats = left_out_formats
        self._layers: dict[Path, lambda_.LayerVersion] = {}
        self.roles: dict[str, lambda_.Function] = {}
        """The functions that are not lanes, by their names."""

    def function(
        self,
        scope: Construct,
        role: str,
        *,
        environment: msgspec.Struct | None = None,
        name: str | None = None,
        sources: list[Path] | None = None,
        with_catalogue: bool = False,
        layers: tuple[str, ...] = ("core",),
        packages: Collection[str] = (),
        handler: str | None = None,
        memory_mb: int = 512,
        timeout_seconds: int = 20,
        reserved: int | None = None,
        plain: dict[str, str] | None = None,
    ) -> lambda_.Function:
        """Create one role's function: the folder of that name under functions/, handler `<role>.handler.handle`."""
        full_name = f"{self.prefix}-{name or role}"
        bundle = code(
            name or role, sources or [FUNCTIONS / role], self._packaged_data if with_catalogue else {}, self.target
        )
        folders = {f"{each.capitalize()}Layer": layer(each, self.target, self._left_out_formats) for each in layers}
        if packages:
            folders[_id_of(packages)] = packages_layer(packages, self.target)
        _check_size(full_name, bundle, folders, packages)
        log_group = logs.LogGroup(
            scope,
            "Logs",
            log_group_name=f"/aws/lambda/{full_name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        function = lambda_.Function(
            scope,
            "Function",
            function_name=full_name,
            runtime=self.target.runtime,
            architecture=self.target.lambda_architecture,
            handler=handler or f"{role}.handler.handle",
            code=lambda_.Code.from_asset(str(bundle), asset_hash=fingerprint(bundle)),
            layers=[self._layer(*each) for each in folders.items()],
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_seconds),
            reserved_concurrent_executions=reserved,
            environment=(variables(environment) if environment else {}) | _LOGS | (plain or {}),
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
        )
        function.add_to_role_policy(no_log_groups(function))
        if name is None:
            self.roles[full_name] = function
        return function

    def _layer(self, construct_id: str, folder: Path) -> lambda_.LayerVersion:
        if folder not in self._layers:
            self._layers[folder] = lambda_.LayerVersion(
                self._scope,
                construct_id,
                layer_version_name=re.sub(r"[^\w-]", "-", f"{self.prefix}-{construct_id}"),
                code=lambda_.Code.from_asset(str(folder), asset_hash=fingerprint(folder)),
                compatible_runtimes=[self.target.runtime],
                compatible_architectures=[self.target.lambda_architecture],
            )
        return self._layers[folder]


def no_log_groups(scope: Construct) -> iam.PolicyStatement:
    """Deny a function to create log groups.

    Lambda's own policy allows it. A line that is written after its group was deleted would create the group again,
    without retention, and the next deployment would fail because of it.
    """
    groups = Stack.of(scope).format_arn(
        service="logs", resource="log-group", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    return iam.PolicyStatement(effect=iam.Effect.DENY, actions=["logs:CreateLogGroup"], resources=[groups])


def _id_of(packages: Collection[str]) -> str:
    """Return the name of the layer of these packages: two ops that need the same ones share it."""
    return f"PackagesLayer-{'-'.join(packages)}"


def _check_size(function: str, bundle: Path, layers: dict[str, Path], packages: Collection[str]) -> None:
    own = size(layers[_id_of(packages)]) if packages else 0
    others = size(bundle) + sum(size(folder) for folder in layers.values()) - own
    if own + others > _MOST_BYTES:
        raise BundleError(
            f"{function}: its packages ({', '.join(packages)}) take {own / 1e6:.0f} MB unpacked, and Lambda has room "
            f"for {(_MOST_BYTES - others) / 1e6:.0f} MB beside its code and its other layers; need fewer packages"
        )
