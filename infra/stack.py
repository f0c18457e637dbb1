"""The flow, one line per hop: pictures and manifests in, variants and results out, changes to all subscribers."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec
from aws_cdk import CfnOutput, CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from authorizer.environment import AuthorizerEnvironment
from infra import openapi
from infra.alarms import failure_alarms
from infra.api import STAGE, ApiConstruct
from infra.assets import read_assets
from infra.bundle import ROOT
from infra.dashboard import dashboard
from infra.dead_letters import DeadLettersConstruct
from infra.function import ASSETS, FUNCTIONS, FunctionFactory, no_log_groups
from infra.intake import IntakeConstruct
from infra.lanes import Lane
from infra.ledger import LedgerConstruct
from infra.relay import RelayConstruct
from infra.settings import Settings, deployed_ops
from infra.site import SiteConstruct
from infra.target import Target
from infra.ticker import TickerConstruct
from umbel.paths import version
from umbel_core.catalogue import Catalogue, read_ops
from umbel_core.fused_lane import fused_card, fused_lane
from umbel_core.lane_settings import concurrency_of, lane_settings
from umbel_core.op import OpCard
from umbel_core.recipes import Recipes, read_recipes
from umbel_core.settings import Limits


class Umbel(Stack):
    """One pipeline. Its name is the prefix of its functions and queues."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        target: Target,
        settings: Settings,
        ops: Path = FUNCTIONS / "ops",
        recipes_file: Path = ROOT / "recipes.toml",
    ) -> None:
        super().__init__(scope, name, description="Umbel: every op makes its variant in its own lane")
        # The CDK writes some dependencies twice; the linter reports each.
        self.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": ["W3005"]}}}
        assets = read_assets(ASSETS)
        self.catalogue = deployed_ops(read_ops(ops), settings, target.name).with_assets(assets)
        recipes = read_recipes(recipes_file, self.catalogue)
        self.catalogue = self.catalogue.with_fused(fused_lane(recipes, self.catalogue))
        numbers = concurrency_of(self.catalogue.lanes, settings.concurrency)
        data = _packaged_data(self.catalogue, recipes, settings.limits)
        factory = FunctionFactory(self, target, name, data, ops, settings.leave_out_formats)
        limits = settings.limits
        mappings = {"reserve": settings.reserve, "fair": settings.fair}

        alarms = self._alarms(name, settings)
        ledger = LedgerConstruct(self, settings)
        intake = IntakeConstruct(self, factory, ledger, limits, alarms, settings.coordinators)
        dead_letters = DeadLettersConstruct(self, factory, ledger, limits)
        dead_letters.read(dead_letters, intake.queue)
        parts = factory, intake, ledger, dead_letters
        for card, fused in self._lanes():
            lane = lane_settings(card.name, card.compute, numbers[card.name], **mappings)
            Lane(self, *parts, card, lane, limits, alarms, fused=fused, with_metrics=settings.op_metrics)
        authorizer = self._authorizer(factory, ledger)
        relay = RelayConstruct(self, factory, intake, ledger, authorizer, limits, alarms)
        TickerConstruct(self, factory, intake, ledger, relay, limits, alarms, **mappings)
        site = SiteConstruct(self, name)
        origins = [*_own_origins(target, site), *settings.allowed_origins]
        ledger.let_browsers_post(origins)
        api = ApiConstruct(self, factory, intake, ledger, authorizer, limits, alarms, **mappings, origins=origins)
        site.publish(factory, api, relay, ledger, recipes, limits, numbers)
        self._limit_notifications_handler()
        for function_name, function in factory.roles.items():
            failure_alarms(function, function_name, alarms)
        dashboard(self, factory, intake, relay, api.rest, ledger.table)

        self._say(
            ApiId=api.rest.rest_api_id,
            ApiStage=STAGE,
            ApiUrl=api.rest.url,
            SocketApiId=relay.api.api_id,
            SocketStage=relay.stage.stage_name,
            SocketUrl=relay.stage.url,
            WebUrl=f"https://{site.distribution.distribution_domain_name}",
            WebBucket=site.bucket.bucket_name,
            UploadsBucket=ledger.uploads.bucket_name,
            ResultsBucket=ledger.results.bucket_name,
            LedgerTable=ledger.table.table_name,
            TokensTable=ledger.tokens.table_name,
            SocketsTable=ledger.sockets.table_name,
        )

    def _lanes(self) -> Iterator[tuple[OpCard, list[OpCard]]]:
        """Yield the card of each lane, with the ops of the lane of fused recipes."""
        yield from ((card, []) for card in self.catalogue.values())
        if fused := self.catalogue.fused:
            yield fused_card(fused), [self.catalogue[op] for op in fused.ops]

    def _alarms(self, name: str, settings: Settings) -> sns.Topic:
        topic = sns.Topic(self, "Alarms", topic_name=f"{name}-alarms", enforce_ssl=True)
        # A topic with a policy (here: only TLS) refuses every service that the policy does not name.
        topic.grant_publish(
            iam.ServicePrincipal(
                "cloudwatch.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            )
        )
        if settings.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(settings.alarm_email))
        return topic

    def _limit_notifications_handler(self) -> None:
        """Give the function that the CDK adds for the bucket's notifications a log group with retention, as ours have.

        It is made by the CDK without one, and would create its own at its first run.
        """
        handler = next(child for child in self.node.children if child.node.id.startswith("BucketNotificationsHandler"))
        group = logs.LogGroup(
            self, "NotificationsLogs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        resource = cast("CfnResource", handler.node.default_child)
        resource.add_property_override("LoggingConfig", {"LogGroup": group.log_group_name})
        cast("iam.Role", handler.node.find_child("Role")).add_to_principal_policy(no_log_groups(self))

    def _authorizer(self, factory: FunctionFactory, ledger: LedgerConstruct) -> lambda_.Function:
        function = factory.function(
            Construct(self, "Authorizer"),
            "authorizer",
            environment=AuthorizerEnvironment(tokens_table=ledger.tokens.table_name),
        )
        ledger.tokens.grant(function, "dynamodb:GetItem")
        return function

    def _say(self, **outputs: str) -> None:
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _packaged_data(catalogue: Catalogue, recipes: Recipes, limits: Limits) -> dict[str, bytes]:
    """Return the files that are packed beside the code of the coordinator and the API."""
    return {
        "catalogue.json": catalogue.dump(),
        "recipes.json": msgspec.json.encode(recipes),
        "openapi.json": msgspec.json.encode(openapi.document(version(), limits, catalogue)),
    }


def _own_origins(target: Target, site: SiteConstruct) -> list[str]:
    """Return the origin that serves the web app."""
    if target.endpoint:
        public = [target.public_endpoint] if target.public_endpoint else []
        local = target.endpoint.replace("127.0.0.1", "localhost")
        return list(dict.fromkeys([*public, target.endpoint, local]))
    return [f"https://{site.distribution.distribution_domain_name}"]
