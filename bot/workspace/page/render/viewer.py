"""Who looks: the names, the time zone and the moment a piece of HTML is made for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo


def _nowhere(_: str) -> str:
    return "#"


@dataclass(frozen=True)
class Viewer:
    """Everything rendering needs to know about the person who looks.

    Args:
        user: their Slack id; mentions of them are marked.
        zone: their time zone.
        now: the moment of rendering, aware.
        people: names by user id.
        choosable: ids of the people a menu of users offers; None for everybody in `people`.
        channels: names without `#` by channel id.
        groups: handles without `@` by user group id.
        channel_url: where a channel mention leads.
    """

    user: str
    zone: ZoneInfo
    now: datetime
    people: Mapping[str, str] = field(default_factory=dict)
    choosable: frozenset[str] | None = None
    channels: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    channel_url: Callable[[str], str] = _nowhere
