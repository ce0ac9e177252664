"""The sender keeps Slack's pace, whatever Slack says and when."""

import asyncio
from datetime import timedelta

import pytest

from benchmarks import pacing
from bot.workspace.state import Call
from tests.support.clock import MORNING
from tests.support.soak import SOAKING

SEEDS, MINUTES = (range(1, 11), 10.0) if SOAKING else (range(1, 2), 0.3)


@pytest.mark.timeout(1_800 if SOAKING else 120)
def test_nothing_is_sent_too_early_too_fast_or_in_the_wrong_order() -> None:
    """F4, P5: 429s of 1 to 60 seconds at random; other channels lose at most a second, decisions go first."""
    found = asyncio.run(pacing.play_all(SEEDS, MINUTES))
    assert found.limited > 0
    assert (found.early, found.crowded, found.overtaken, found.wrong) == (0, 0, 0, 0)
    assert found.delay <= 1


def call(seconds: float, text: str, *, retry_after: int | None = None, method: str = "chat.postMessage") -> Call:
    arguments, at = {"channel": pacing.BUSY[0], "text": text}, MORNING + timedelta(seconds=seconds)
    return Call(method, arguments, at, {"ok": retry_after is None}, 429 if retry_after else 200, retry_after)


def test_the_counts_see_what_they_are_there_for() -> None:
    asked = call(0, "note 1", retry_after=10)
    assert pacing.early([asked, call(9.9, "note 1")]) == 1
    assert pacing.early([asked, call(10, "note 1"), call(5, "card 1", method="chat.update")]) == 0
    assert pacing.crowded([call(0, "note 1"), call(0.9, "note 2"), call(1.9, "note 3")]) == 1
    wishes = [pacing.Wish(MORNING, pacing.BUSY[0], kind, 1) for kind in ("ask", "note")]
    late = [call(2, "note 1"), call(3, "ask 1")]
    assert pacing.overtaken(wishes, pacing.arrivals(late)) == 1
    assert pacing.wrong(wishes, late) == 0
    assert pacing.wrong(wishes, [*late, call(4, "ask 1")]) == 2
    assert pacing.wrong(wishes, late[:1]) == 1
