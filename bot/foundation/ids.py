"""The one place that reads randomness, so that a test can make every id predictable."""

import secrets
from typing import Protocol


class Ids(Protocol):
    """Makes ids and salts. The product uses RandomIds; tests count."""

    def new(self, prefix: str) -> str:
        """Return an id nobody has used, like `inc_3f9c0a52b1d84e67`."""
        ...

    def salt(self) -> bytes:
        """Return 16 unpredictable bytes."""
        ...


class RandomIds:
    """Ids of 64 random bits behind a readable prefix."""

    def new(self, prefix: str) -> str:
        """Return an id nobody has used, like `inc_3f9c0a52b1d84e67`."""
        return f"{prefix}_{secrets.token_hex(8)}"

    def salt(self) -> bytes:
        """Return 16 unpredictable bytes."""
        return secrets.token_bytes(16)
