"""Who looks decides how a mention, a channel and a moment read."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.workspace.page.render.dates import in_format
from bot.workspace.page.render.mrkdwn import mrkdwn
from bot.workspace.page.render.viewer import Viewer

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def test_a_viewer_who_was_told_nothing_has_everybody_to_choose_from_and_channels_lead_nowhere() -> None:
    viewer = Viewer("U1", ZoneInfo("UTC"), NINE)
    assert (dict(viewer.people), dict(viewer.channels), dict(viewer.groups)) == ({}, {}, {})
    assert viewer.choosable is None
    assert viewer.channel_url("C1") == "#"


def test_two_viewers_share_nothing() -> None:
    first, second = (Viewer(user, ZoneInfo("UTC"), NINE) for user in ("U1", "U2"))
    assert first.people is not second.people


def test_a_viewer_does_not_change_while_a_page_is_made(viewer: Viewer) -> None:
    with pytest.raises(FrozenInstanceError):
        viewer.user = "U2"  # type: ignore[misc]


def test_only_mentions_of_the_viewer_are_marked(viewer: Viewer) -> None:
    mine, of_another = (str(mrkdwn("<@U1>", replace(viewer, user=user))) for user in ("U1", "U2"))
    assert mine != of_another
    assert "Ada Byron" in mine
    assert "Ada Byron" in of_another


def test_a_channel_leads_where_the_viewer_can_go(viewer: Viewer) -> None:
    assert 'href="/?in=C1"' in str(mrkdwn("<#C1>", viewer))


@pytest.mark.parametrize(
    ("zone", "shown"), [("Europe/Berlin", "10:00"), ("America/New_York", "04:00"), ("UTC", "09:00")]
)
def test_times_are_those_of_the_viewers_zone(viewer: Viewer, zone: str, shown: str) -> None:
    there = replace(viewer, zone=ZoneInfo(zone))
    assert shown in str(mrkdwn(f"<!date^{int(NINE.timestamp())}^{{time}}|then>", there))
    assert in_format(NINE.astimezone(there.zone), "{time}", viewer.now.astimezone(there.zone)) == shown
