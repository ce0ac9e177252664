"""R129: bodies are kept as long as the configuration says, and what nobody has looked at stays."""

from datetime import timedelta

import pytest

from bot.alerts import service
from bot.alerts.service import keeping
from tests.alerts.inbox import items, receive, store
from tests.alerts.samples import raw
from tests.incidents.organisation import Organisation

KEPT = timedelta(days=90)


def test_bodies_go_when_their_time_has_come_and_the_newest_stays(meridian: Organisation) -> None:
    receive(meridian, raw(), raw(), raw())
    received = meridian.clock.now()
    assert meridian.reads(service.body_due) == received + KEPT
    meridian.clock.set(received + KEPT - timedelta(seconds=1))
    assert meridian.does("backout", service.let_go) == 0
    meridian.clock.set(received + KEPT)
    assert meridian.does("backout", service.let_go) == 2
    assert [item.sequence for item in items(meridian)] == [3]
    assert meridian.reads(service.body_due) is None
    (entry,) = meridian.trail("alerts", "alerts.let_go")
    assert entry.facts == {"bodies": 2}


def test_what_nobody_has_looked_at_is_never_deleted(meridian: Organisation) -> None:
    receive(meridian, b"[1]", raw(), raw())
    meridian.clock.pass_time(days=200)
    assert meridian.does("backout", service.let_go) == 1
    assert [item.body for item in items(meridian)] == [b"[1]", raw()]
    meridian.does("maya", service.mark_seen, 3)
    assert meridian.does("backout", service.let_go) == 1


def test_what_has_not_been_read_is_never_deleted(meridian: Organisation) -> None:
    store(meridian, raw(), raw())
    meridian.clock.pass_time(days=200)
    assert meridian.reads(service.body_due) is None
    assert meridian.does("backout", service.let_go) == 0


def test_they_go_in_portions(meridian: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PORTION", 2)
    receive(meridian, *[raw()] * 6)
    meridian.clock.pass_time(days=91)
    assert [meridian.does("backout", service.let_go) for _ in range(4)] == [2, 2, 1, 0]
