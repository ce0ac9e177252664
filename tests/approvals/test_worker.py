"""What time brings, and what is sent."""

from bot.approvals import service
from bot.approvals.worker import MESSAGES, SWEEPS
from bot.foundation.models import Posted
from bot.foundation.outbox import Post
from bot.foundation.work import Work
from tests.approvals.committee import Committee, slack
from tests.support.clock import MORNING


def test_the_question_is_posted_in_the_words_it_was_given(committee: Committee) -> None:
    """R073."""
    request = committee.ask()
    (row,) = committee.outbox("ask:")
    post = committee.reads(MESSAGES[row.kind], row.payload)
    assert isinstance(post, Post)
    assert (post.channel, post.thread_of, post.frozen) == ("C0SHOP", None, True)
    assert post.message.text == row.payload["text"]
    committee.reject("tom", request)
    assert committee.reads(MESSAGES[row.kind], row.payload) is None


def test_a_question_of_an_earlier_round_is_not_posted_any_more(committee: Committee) -> None:
    committee.ask()
    (row,) = committee.outbox("ask:")
    committee.does("backout", service.severity_changed, "INC-1", "high")
    assert committee.reads(MESSAGES[row.kind], row.payload) is None


def test_sweeps_know_when_they_are_due(committee: Committee) -> None:
    """R081."""
    expire, deputies = SWEEPS
    assert committee.reads(expire.next_due) is None
    committee.ask()
    assert committee.reads(deputies.next_due) == MORNING.replace(minute=10)
    assert committee.reads(expire.next_due) == MORNING.replace(hour=10)
    committee.clock.pass_time(hours=1)
    assert [committee.does("backout", sweep.run) for sweep in SWEEPS] == [1, 0]


def test_homes_of_those_concerned_are_brought_up_to_date(committee: Committee) -> None:
    """R072: of people who have ever opened it."""

    def opened(work: Work) -> None:
        for key in ("ann", "leo", "may", "zoe"):
            work.session.add(Posted(key=f"home:{slack(key)}", channel="D", ts="1"))

    committee.does("backout", opened)
    committee.ask()
    assert {row.key for row in committee.outbox("home:")} == {f"home:{slack(key)}" for key in ("ann", "leo", "may")}


def test_a_consultation_is_a_direct_message_while_an_answer_is_of_use(committee: Committee) -> None:
    """R063: what is asked, by when, and that nobody waits for it."""
    request = committee.ask(activity="advised", severity="low")
    (row,) = committee.outbox("consult:")
    post = committee.reads(MESSAGES[row.kind], row.payload)
    assert isinstance(post, Post)
    assert post.channel == slack("gra")
    for part in (
        "*Your advice on INC-1* (Compliance): Roll back shop from 8 to 7",
        "They do not wait for it.",
        "<#C0SHOP>",
    ):
        assert part in post.message.text
    committee.does("gra", service.advise, request.id, "compliance", "It is fine.")
    assert committee.reads(MESSAGES[row.kind], row.payload) is None


def test_a_summary_says_what_was_decided_and_that_nothing_is_asked(committee: Committee) -> None:
    """R063."""
    request = committee.ask(activity="advised", severity="low")
    committee.does("gra", service.advise, request.id, "compliance", "It is fine.")
    committee.approve("ann", request)
    (row,) = committee.outbox("inform:")
    post = committee.reads(MESSAGES[row.kind], row.payload)
    assert isinstance(post, Post)
    assert post.channel == slack("ines")
    for part in ("*Approved*", "INC-1", "by Ann", "“It is fine.”", "nothing is asked of you"):
        assert part in post.message.text
