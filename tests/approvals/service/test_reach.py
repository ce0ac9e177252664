"""When nobody is left who could approve, people learn it at once."""

from pathlib import Path

from bot.approvals import service
from bot.approvals.models import RoundState
from tests.approvals.committee import committee


def test_what_nobody_can_approve_is_said_once(tmp_path: Path) -> None:
    """P9: in the thread and in the trail; the request stays open, so that it can still be mended."""
    found = committee(tmp_path)
    request = found.ask()
    asked = [one.person for one in found.reads(service.asked_now, request)]
    assert found.does("backout", service.check_reach, asked[0]) == 0
    found.deactivate("tom", "pri", "ann", "leo", "gra", "sam")
    assert [found.does("backout", service.check_reach, asked[0]) for _ in range(2)] == [1, 0]
    (said,) = found.outbox("unreachable:")
    assert "cannot be approved as things stand" in said.payload["text"]
    assert "Nobody can approve as" in said.payload["text"]
    assert len(found.trail("approval.unreachable")) == 1
    assert found.now(request).state == RoundState.ASKED


def test_others_are_not_concerned(tmp_path: Path) -> None:
    found = committee(tmp_path)
    found.ask()
    assert found.does("backout", service.check_reach, "U0NOBODY") == 0
