"""What each Web API method needs and how often it may be called.

Tiers as documented at https://docs.slack.dev/apis/web-api/rate-limits/ (requests per minute, per method and workspace).
Slack permits "occasional bursts" without a number. Here a method's bucket holds one minute's worth and refills evenly,
and chat.postMessage in one channel may send `POST_BURST` messages at once, then one per second.
"""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from bot.workspace.clock import Clock

TIERS = {1: 1, 2: 20, 3: 50, 4: 100, 5: 300}
"""Requests per minute; 5 stands for methods with a limit of "several hundred" of their own."""
LEAST_BURST = 10
"""Even a tier 1 method may be called this often at once (ten sockets may connect one after the other)."""
POST_BURST = 3
POST_PER_SECOND = 1.0


@dataclass(frozen=True)
class Rule:
    """What a method needs: its tier, the scopes of which one suffices, and the kind of token."""

    tier: int
    scopes: tuple[str, ...] = ()
    """`{kind}` stands for the family of the channel: channels, groups or im."""
    token: str = "bot"  # noqa: S105 - the kind of token: bot, app or none


RULES: dict[str, Rule] = {
    "api.test": Rule(4, token="none"),  # noqa: S106
    "apps.connections.open": Rule(1, ("connections:write",), token="app"),  # noqa: S106
    "auth.test": Rule(5),
    "blocks.validate": Rule(4),
    "bots.info": Rule(3, ("users:read",)),
    "chat.delete": Rule(3, ("chat:write",)),
    "chat.getPermalink": Rule(5),
    "chat.postEphemeral": Rule(4, ("chat:write",)),
    "chat.postMessage": Rule(5, ("chat:write",)),
    "chat.update": Rule(3, ("chat:write",)),
    "conversations.history": Rule(3, ("{kind}:history",)),
    "conversations.info": Rule(3, ("{kind}:read",)),
    "conversations.join": Rule(3, ("channels:join",)),
    "conversations.list": Rule(2, ("channels:read",)),
    "conversations.members": Rule(4, ("{kind}:read",)),
    "conversations.open": Rule(3, ("im:write",)),
    "conversations.replies": Rule(3, ("{kind}:history",)),
    "files.completeUploadExternal": Rule(4, ("files:write",)),
    "files.getUploadURLExternal": Rule(4, ("files:write",)),
    "reactions.add": Rule(3, ("reactions:write",)),
    "usergroups.users.list": Rule(2, ("usergroups:read",)),
    "users.getPresence": Rule(3, ("users:read",)),
    "users.info": Rule(4, ("users:read",)),
    "users.list": Rule(2, ("users:read",)),
    "views.open": Rule(4),
    "views.publish": Rule(4),
    "views.push": Rule(4),
    "views.update": Rule(4),
}


@dataclass
class _Bucket:
    left: float
    seen: datetime


class Limiter:
    """Token buckets on the workspace's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def wait(self, method: str, channel: str) -> int:
        """Take one call of `method`: 0 when it may pass, else the whole seconds to wait before trying again."""
        per_minute = TIERS[RULES[method].tier]
        general = self._take((method, ""), max(per_minute, LEAST_BURST), per_minute / 60)
        if general or method != "chat.postMessage":
            return general
        return self._take((method, channel), POST_BURST, POST_PER_SECOND)

    def _take(self, key: tuple[str, str], capacity: int, per_second: float) -> int:
        now = self._clock.now()
        bucket = self._buckets.setdefault(key, _Bucket(float(capacity), now))
        elapsed = max((now - bucket.seen).total_seconds(), 0.0)
        bucket.left, bucket.seen = min(capacity, bucket.left + elapsed * per_second), now
        if bucket.left >= 1 - 1e-9:
            bucket.left -= 1
            return 0
        return max(1, ceil((1 - bucket.left) / per_second - 1e-9))
