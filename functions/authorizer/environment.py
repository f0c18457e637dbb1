"""The environment variables of the authorizer."""

import msgspec


class AuthorizerEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """The environment variables, as `umbel_core.environment.parse` reads them."""

    tokens_table: str
