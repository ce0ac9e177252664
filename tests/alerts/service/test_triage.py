"""Alerts that need a person's look, and somebody saying that they have looked."""

import pytest

from bot.alerts import service
from bot.foundation.errors import Refusal
from bot.foundation.models import Posted
from tests.alerts.inbox import receive
from tests.alerts.samples import alert, raw
from tests.incidents.organisation import Organisation

ODD = b'{"version": "3"}'
UNKNOWN = raw(alert(labels={"system": "nobody-knows"}))
UNWATCHED = raw(alert(fingerprint="b", labels={"metric": "queue_length"}))


def counts(meridian: Organisation) -> tuple[int, int, int]:
    waiting = meridian.reads(service.triage_of)
    return waiting.not_understood.count, waiting.needs_context.count, waiting.no_trigger.count


def test_everything_that_needs_a_look_is_counted(meridian: Organisation) -> None:
    """R028."""
    assert counts(meridian) == (0, 0, 0)
    receive(meridian, raw(alert(fingerprint="x")), ODD, UNKNOWN, UNWATCHED)
    assert counts(meridian) == (1, 1, 1)
    assert [row.kind for row in meridian.outbox("alerts:triage")] == ["alerts.triage"]


def test_a_body_that_was_understood_only_in_part_needs_a_look(meridian: Organisation) -> None:
    receive(meridian, raw(alert(), alert(startsAt="yesterday")))
    waiting = meridian.reads(service.triage_of)
    assert waiting.not_understood.count == 1
    assert "1 of its 2 alerts could not be read" in waiting.not_understood.newest[0].note


def test_the_newest_five_are_shown(meridian: Organisation) -> None:
    receive(meridian, *[b"[%d]" % number for number in range(7)])
    pile = meridian.reads(service.triage_of).not_understood
    assert (pile.count, [item.body for item in pile.newest]) == (7, [b"[6]", b"[5]", b"[4]", b"[3]", b"[2]"])


def test_what_is_over_needs_no_look(meridian: Organisation) -> None:
    receive(meridian, UNWATCHED, raw(alert(status="resolved", fingerprint="b", labels={"metric": "queue_length"})))
    assert counts(meridian) == (0, 0, 0)


def test_whoever_has_looked_takes_them_out_for_everybody(meridian: Organisation) -> None:
    receive(meridian, ODD, UNKNOWN)
    through = meridian.reads(service.triage_of).through
    receive(meridian, UNWATCHED)
    assert meridian.does("sam", service.mark_seen, through) == 2
    assert counts(meridian) == (0, 0, 1)
    (entry,) = meridian.trail("alerts", "alerts.seen")
    assert (entry.actor, entry.facts["count"]) == ("person:U0SAM00019", 2)


def test_what_changes_afterwards_is_shown_again(meridian: Organisation) -> None:
    receive(meridian, UNKNOWN)
    meridian.does("sam", service.mark_seen, 1)
    receive(meridian, UNKNOWN)
    assert counts(meridian) == (0, 0, 0)
    receive(meridian, raw(alert(labels={"system": "shop-recommender", "metric": "queue_length"})))
    assert counts(meridian) == (0, 0, 1)


def test_only_people_of_the_directory_and_only_once(meridian: Organisation) -> None:
    receive(meridian, ODD)
    for who in ("backout", "U0STRANGER"):
        with pytest.raises(Refusal):
            meridian.does(who, service.mark_seen, 1)
    assert counts(meridian) == (1, 0, 0)
    meridian.does("sam", service.mark_seen, 1)
    with pytest.raises(Refusal, match="Somebody has looked at these already"):
        meridian.does("maya", service.mark_seen, 1)


def test_whether_the_message_stands(meridian: Organisation) -> None:
    assert meridian.reads(service.was_posted) is False
    meridian.does("backout", lambda work: work.session.add(Posted(key="alerts:triage", channel="C0ALERTS05", ts="1.0")))
    assert meridian.reads(service.was_posted) is True
