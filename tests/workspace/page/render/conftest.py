"""A viewer in Berlin, two people, one channel, one group."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.workspace.page.render.viewer import Viewer


@pytest.fixture(scope="session")
def viewer() -> Viewer:
    return Viewer(
        user="U1",
        zone=ZoneInfo("Europe/Berlin"),
        now=datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
        people={"U1": "Ada Byron", "U2": "Ben <Okri>", "U9": "Left"},
        choosable=frozenset({"U1", "U2"}),
        channels={"C1": "ops"},
        groups={"S1": "oncall"},
        channel_url=lambda channel: f"/?in={channel}",
    )
