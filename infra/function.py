"""What every function here has in common: interpreter, layer, JSON logs, tracing, retention, its own role."""

from pathlib import Path

import msgspec
from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bundle import ROOT, code, fingerprint, layer
from infra.target import Target
from umbel_core.environment import variables

FUNCTIONS = ROOT / "functions"
_LOGS = {"POWERTOOLS_LOG_LEVEL": "INFO"}
"""Said here, so that nothing around an engine changes it: there, a function that logs nothing waits for 50 ms."""


class FunctionFactory:
    """Makes the stack's functions and the layers that they share."""

    def __init__(self, scope: Construct, target: Target, prefix: str, facts: dict[str, bytes], ops: Path) -> None:
        self.target = target
        self.prefix = prefix
        self.ops = ops
        self._scope = scope
        self._packaged_data = facts
        self._layers: dict[str, lambda_.LayerVersion] = {}

    def function(
        self,
        scope: Construct,
        role: str,
        *,
        environment: msgspec.Struct | None = None,
        name: str | None = None,
        sources: list[Path] | None = None,
        facts: bool = False,
        layers: tuple[str, ...] = ("core",),
        handler: str | None = None,
        memory_mb: int = 512,
        timeout_seconds: int = 20,
        reserved: int | None = None,
        plain: dict[str, str] | None = None,
    ) -> lambda_.Function:
        """The function of one role: the folder of that name under functions/, handler `<role>.handler.handle`."""
        full_name = f"{self.prefix}-{name or role}"
        bundle = code(name or role, sources or [FUNCTIONS / role], self._packaged_data if facts else {}, self.target)
        log_group = logs.LogGroup(
            scope,
            "Logs",
            log_group_name=f"/aws/lambda/{full_name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        return lambda_.Function(
            scope,
            "Function",
            function_name=full_name,
            runtime=self.target.runtime,
            architecture=self.target.lambda_architecture,
            handler=handler or f"{role}.handler.handle",
            code=lambda_.Code.from_asset(str(bundle), asset_hash=fingerprint(bundle)),
            layers=[self._layer(name) for name in layers],
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_seconds),
            reserved_concurrent_executions=reserved,
            environment=(variables(environment) if environment else {}) | _LOGS | (plain or {}),
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
        )

    def _layer(self, name: str) -> lambda_.LayerVersion:
        if name not in self._layers:
            bundle = layer(name, self.target)
            self._layers[name] = lambda_.LayerVersion(
                self._scope,
                f"{name.capitalize()}Layer",
                code=lambda_.Code.from_asset(str(bundle), asset_hash=fingerprint(bundle)),
                compatible_runtimes=[self.target.runtime],
                compatible_architectures=[self.target.lambda_architecture],
            )
        return self._layers[name]
