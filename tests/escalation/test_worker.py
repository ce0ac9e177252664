"""Pages on their way out, and when the next tier is due."""

from sqlmodel import col

from bot.escalation import service
from bot.escalation.worker import MESSAGES, SWEEPS
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.outbox import Post
from bot.foundation.work import Work
from tests.escalation.ladder import Ladder
from tests.support.clock import MORNING


def test_a_page_is_posted_word_for_word(ladder: Ladder) -> None:
    """R085."""
    ladder.start()
    (row,) = ladder.outbox("page:")
    post = ladder.reads(MESSAGES[row.kind], row.payload)
    assert isinstance(post, Post)
    assert (post.channel, post.thread_of, post.frozen) == ("C0SHOPREC1", None, True)
    assert post.message.text == row.payload["text"]
    ladder.does("maya", service.decision_made, "INC-1", "approved")
    assert ladder.reads(MESSAGES[row.kind], row.payload) == post


def test_nobody_is_paged_about_what_is_closed(ladder: Ladder) -> None:
    """R048."""
    ladder.start()
    (row,) = ladder.outbox("page:")
    ladder.does("maya", service.end, "INC-1", "closed")
    assert ladder.reads(MESSAGES[row.kind], row.payload) is None


def test_the_sweep_knows_when_it_is_due(ladder: Ladder) -> None:
    """R081."""
    climb, *_others = SWEEPS
    assert ladder.reads(climb.next_due) is None
    ladder.start()
    assert ladder.reads(climb.next_due) == MORNING.replace(minute=15)
    ladder.clock.pass_time(minutes=15)
    assert [ladder.does("backout", climb.run) for _ in range(2)] == [1, 0]


def test_a_page_that_comes_too_late_says_so_in_front(ladder: Ladder) -> None:
    """P7: its words stay as they are."""
    ladder.start()
    (row,) = ladder.outbox("page:")
    ladder.clock.pass_time(minutes=20)
    post = ladder.reads(MESSAGES[row.kind], row.payload)
    assert isinstance(post, Post)
    late, words = post.message.text.split("\n", 1)
    assert late.startswith("⏰ This page was due ")
    assert words == row.payload["text"]


def test_a_page_that_slack_did_not_take_in_time_is_taken_back_when_the_next_tier_is_due(ladder: Ladder) -> None:
    """F3, P7: the tier that is due now is paged; the thread and the trail say who could not be."""
    climb, *_others = SWEEPS
    ladder.start()
    ladder.clock.pass_time(minutes=15)
    ladder.does("backout", climb.run)
    first, second = ladder.outbox("page:")
    assert (first.state, second.state) == (OutboxState.DONE, OutboxState.WAITING)
    assert len(ladder.trail("escalation.page_withdrawn")) == 1
    assert any("Tier 1 (Owners) could not be paged here" in note for note in ladder.notes())


def test_a_page_that_stands_is_not_taken_back(ladder: Ladder) -> None:
    climb, *_others = SWEEPS
    ladder.start()
    (page,) = ladder.outbox("page:")
    ladder.does("backout", _deliver, page.key)
    ladder.clock.pass_time(minutes=15)
    ladder.does("backout", climb.run)
    assert ladder.trail("escalation.page_withdrawn") == []


def _deliver(work: Work, key: str) -> None:
    work.change(OutboxRow, col(OutboxRow.key) == key, state=OutboxState.DONE)
