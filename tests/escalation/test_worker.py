"""Pages on their way out, and when the next tier is due."""

from bot.escalation import service
from bot.escalation.worker import MESSAGES, SWEEPS
from bot.foundation.outbox import Post
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
    (climb,) = SWEEPS
    assert ladder.reads(climb.next_due) is None
    ladder.start()
    assert ladder.reads(climb.next_due) == MORNING.replace(minute=15)
    ladder.clock.pass_time(minutes=15)
    assert [ladder.does("backout", climb.run) for _ in range(2)] == [1, 0]
