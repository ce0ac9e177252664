"""Badges."""

from bot.workspace.page.unread import Unread
from bot.workspace.state import Message


def message(ts: str, user: str = "U2") -> Message:
    return Message("C1", ts, user, "x")


def test_what_came_after_the_last_look_counts_and_ones_own_does_not() -> None:
    unread = Unread()
    earlier = [message("1.1"), message("2.1")]
    unread.mark("U1", "C1", earlier)
    now = [*earlier, message("3.1"), message("4.1", "U1")]
    assert unread.count("U1", "C1", now) == 1
    assert unread.count("U3", "C1", now) == 4
    assert unread.count("U1", "C2", earlier) == 2


def test_looking_again_after_a_deletion_forgets_nothing() -> None:
    unread = Unread()
    unread.mark("U1", "C1", [message("5.0")])
    unread.mark("U1", "C1", [])
    assert unread.count("U1", "C1", [message("4.0")]) == 0
