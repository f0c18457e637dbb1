"""Read the settings of a deployment from the context (`cdk.json` and `-c`), and check their bounds."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.errors import Rejected
from umbel_core.lane_settings import Concurrency
from umbel_core.op import Bounds
from umbel_core.settings import Limits
from umbel_fetching.addresses import Allowed

Origin = Annotated[
    str, Bounds(pattern=r"^https?://[a-z0-9.:\[\]-]+$", description="Scheme, host and port, no path, no *")
]
_OTHER_CONTEXT = {"drop_waiting", "name", "ops", "public_endpoint", "python", "recipes", "target"}
"""The context that app.py, target.py and `umbel doctor` read."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A deployment's settings; docs/settings.md is the table of them."""

    concurrency: dict[str, Concurrency] = {}
    """Op -> reserved concurrency; overrides the op's own declaration."""
    reserve: bool = True
    """False: only the event source mappings limit concurrency, for accounts with too small a quota for reservations."""
    fair: bool = True
    """False: a lane has one queue, which idles at half the cost; jobs of many tasks may delay others of their op."""
    coordinators: Annotated[int, Bounds(ge=2, le=1000)] = 4
    """How many executions of the coordinator plan jobs at a time; each plans some 15 small jobs a second on AWS."""
    leave_out: dict[Literal["aws", "local"], list[str]] = {}
    """Target -> the ops that are not deployed there. Each op costs money also while it has nothing to do."""
    leave_out_formats: list[Literal["heic", "jxl"]] = []
    """The formats of pictures whose decoders, which have licences of their own, are not deployed."""
    allowed_origins: list[Origin] = []
    """More origins whose pages may call the API; the web app's own origin is always allowed."""
    op_metrics: bool = True
    """False: workers write no metrics of their ops, which CloudWatch charges for."""
    alarm_email: str | None = None
    """The e-mail address that receives the alarms."""
    keep_data: bool = True
    """False: `cdk destroy` deletes the buckets and tables with their content."""
    max_upload_bytes: int = Limits().max_upload_bytes
    max_pixels: int = Limits().max_pixels
    max_tasks: int = Limits().max_tasks
    live_tasks: int = Limits().live_tasks
    retention_days: int = Limits().retention_days
    allowed_addresses: str = Limits().allowed_addresses
    user_agent: str = Limits().user_agent

    @property
    def limits(self) -> Limits:
        """The limits, which the functions read."""
        return msgspec.convert({name: getattr(self, name) for name in Limits.__struct_fields__}, Limits)


def deployed_ops(catalogue: Catalogue, settings: Settings, target: Literal["aws", "local"]) -> Catalogue:
    """Return the ops that are deployed to this target; raise `SettingsError` when an unknown one is left out."""
    try:
        return catalogue.without(settings.leave_out.get(target, []))
    except Rejected as error:
        raise SettingsError(f"cdk.json context: leave_out: {error.sentence}") from error


class SettingsError(Exception):
    """Raised for a setting that cannot be deployed; the message names the setting and the rule."""


def read_settings(context: Mapping[str, Any]) -> Settings:
    """Return the settings in the context. Values from `-c` are text, so each is parsed as JSON if possible."""
    names = Settings.__struct_fields__
    for name in context:
        # The CDK's own keys have a colon, an at sign or a hyphen.
        if name.replace("_", "").isalnum() and name not in _OTHER_CONTEXT and name not in names:
            similar = get_close_matches(name, names, 1)
            hint = f"did you mean '{similar[0]}'?" if similar else f"the settings are {', '.join(names)}"
            raise SettingsError(f"cdk.json context: there is no setting '{name}'; {hint}")
    given = {name: _read(context[name]) for name in names if context.get(name) is not None}
    try:
        settings = msgspec.convert(given, Settings)
        _ = settings.limits
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        setting = path.rpartition("$")[2].strip("`").lstrip(".").replace("[...]", " (one of its values)")
        raise SettingsError(f"cdk.json context: {setting}: {reason}") from error
    try:
        Allowed.parse(settings.allowed_addresses)
    except ValueError as error:
        raise SettingsError(f"cdk.json context: allowed_addresses: {error}") from error
    return settings


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
