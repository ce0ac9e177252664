"""The door for time: the inbox is swept, and the triage message is shown only when there is something."""

from bot.alerts import worker
from bot.foundation.blocks import as_dicts, visible_text
from bot.foundation.models import Posted
from bot.foundation.outbox import Post
from tests.alerts.inbox import receive
from tests.alerts.samples import raw
from tests.incidents.organisation import Organisation


def test_nothing_is_posted_as_long_as_everything_is_understood(meridian: Organisation) -> None:
    receive(meridian, raw())
    assert meridian.reads(worker.MESSAGES["alerts.triage"], {}) is None


def test_what_needs_a_look_is_posted_in_the_default_channel(meridian: Organisation) -> None:
    receive(meridian, b"[1]")
    post = meridian.reads(worker.MESSAGES["alerts.triage"], {})
    assert isinstance(post, Post)
    assert (post.channel, post.frozen) == ("C0ALERTS05", False)
    assert post.message.fallback == "Alerts that need a look: 1 not understood"


def test_a_message_that_stands_says_when_nothing_is_left(meridian: Organisation) -> None:
    meridian.does("backout", lambda work: work.session.add(Posted(key="alerts:triage", channel="C0ALERTS05", ts="1.0")))
    post = meridian.reads(worker.MESSAGES["alerts.triage"], {})
    assert isinstance(post, Post)
    assert "No alert needs a look." in visible_text(as_dicts(post.message.blocks))


def test_the_inbox_is_swept_and_old_bodies_go(meridian: Organisation) -> None:
    inbox, keeping = worker.SWEEPS
    assert meridian.reads(inbox.next_due) is None
    receive(meridian, raw(), raw())
    assert meridian.does("backout", inbox.run) == 0
    assert meridian.does("backout", keeping.run) == 0
    due = meridian.reads(keeping.next_due)
    assert due is not None
    meridian.clock.set(due)
    assert meridian.does("backout", keeping.run) == 1
