"""What has each person read? Kept while the page runs: a reload keeps the badges, a restart begins afresh."""

from __future__ import annotations

from collections.abc import Iterable

from bot.workspace.state import Message


class Unread:
    """The newest `ts` every person has seen in every conversation."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] = {}

    def mark(self, user: str, channel: str, messages: Iterable[Message]) -> None:
        """The person has these messages on screen."""
        newest = max((float(message.ts) for message in messages), default=0.0)
        self._seen[user, channel] = max(newest, self._seen.get((user, channel), 0.0))

    def count(self, user: str, channel: str, messages: Iterable[Message]) -> int:
        """How many of these the person has not seen; one's own messages never count."""
        seen = self._seen.get((user, channel), 0.0)
        return sum(1 for message in messages if float(message.ts) > seen and message.user != user)
