"""The environment of the authorizer."""

import msgspec


class AuthorizerEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `umbel_core.environment.parse`."""

    tokens_table: str
