"""Bearer tokens: random, shown once, kept as hashes."""

import hashlib
import secrets
from typing import Literal

import msgspec

from umbel_core.clock import epoch, now

_DAY = 86_400
_KEPT_DAYS = 30
"""How long the record of an expired token is kept."""

Role = Literal["viewer", "operator"]
"""A viewer reads; an operator also submits, cancels, scales."""


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of the tokens table, under the key `token_hash`; the token itself is stored nowhere."""

    token_hash: str
    id: str
    role: Role
    label: str
    created_at: str
    expires_at: int | None = None
    """Epoch seconds; the table's time-to-live attribute: when the record is deleted."""
    valid_until: int | None = None
    """Epoch seconds. The record stays for some time longer, so that the token's owner can read why it is refused."""

    @property
    def ends_at(self) -> int | None:
        """When the token expires, in epoch seconds. Records of earlier versions have no `valid_until`."""
        return self.expires_at if self.valid_until is None else self.valid_until

    @property
    def expired(self) -> bool:
        """True when the token is no longer valid."""
        return self.ends_at is not None and self.ends_at <= epoch()


def issue(role: Role, label: str, days: float | None = None) -> tuple[str, TokenRecord]:
    """Create a token; return the secret, which is shown once, and the record to store."""
    secret = f"umb_{secrets.token_urlsafe(32)}"
    end = None if days is None else epoch() + int(days * _DAY)
    record = TokenRecord(
        token_hash=token_hash(secret),
        id=secrets.token_hex(4),
        role=role,
        label=label,
        created_at=now(),
        expires_at=None if end is None else max(end, epoch()) + _KEPT_DAYS * _DAY,
        valid_until=end,
    )
    return secret, record


def token_hash(secret: str) -> str:
    """Return the hash under which a token is stored and found. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
