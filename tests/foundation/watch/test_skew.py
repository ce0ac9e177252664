"""T26: how far our clock is from Slack's."""

from datetime import timedelta

import pytest

from bot.foundation.watch import skew
from tests.support.clock import MORNING


@pytest.mark.parametrize(
    ("seconds", "said", "too_far"),
    [
        (0, "", False),
        (60, "", False),
        (-60, "", False),
        (61, "this machine's clock is 61 s ahead of Slack's: set it (NTP)", False),
        (-75, "this machine's clock is 75 s behind Slack's: set it (NTP)", False),
        (240, "this machine's clock is 240 s ahead of Slack's: set it (NTP)", False),
        (241, "this machine's clock is 241 s ahead of Slack's: set it (NTP)", True),
        (-3600, "this machine's clock is 3600 s behind Slack's: set it (NTP)", True),
    ],
)
def test_what_is_said_and_what_is_refused(seconds: int, said: str, too_far: bool) -> None:
    ahead = skew.difference(MORNING + timedelta(seconds=seconds), MORNING)
    assert (skew.note(ahead), skew.is_too_far(ahead)) == (said, too_far)


def test_a_slack_that_does_not_tell_the_time_is_believed() -> None:
    assert skew.difference(MORNING, None) == timedelta()
