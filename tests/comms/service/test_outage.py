"""Slack is back: one summary for each channel, one note for each thread, and no storm."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.comms import service
from bot.comms.models import FallbackPolicy
from bot.foundation import line, outbox, trail
from bot.foundation.db import Store
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.work import Lane, Reading, Work
from tests.comms.desk import SHIPPED, SYSTEM, desk
from tests.support.clock import MORNING, VirtualClock

SHOP, CREDIT = "C0SHOPREC1", "C0CREDIT02"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def store(tmp_path: Path, clock: VirtualClock) -> Iterator[Store]:
    store = desk(tmp_path, SHIPPED.replace(FallbackPolicy()), clock)
    yield store
    store.close()


def away(store: Store, clock: VirtualClock, minutes: float) -> None:
    store.submit_now(SYSTEM, line.note_away, "HTTP 503")
    store.submit_now(SYSTEM, _say_much)
    clock.pass_time(minutes=minutes)
    store.submit_now(SYSTEM, line.note_up)


def _say_much(work: Work) -> None:
    for number in range(3):
        outbox.note(work, SHOP, "INC-1", f"note {number}")
    outbox.note(work, CREDIT, "INC-2", "the only one")
    outbox.whisper(work, "C0SUPPORT4", "U0MAYA0001", "for Maya alone")
    work.enqueue("comms.statement", "statement:1", {"statement": "1"}, lane=Lane.PAGE)


def waiting(reading: Reading) -> list[OutboxRow]:
    query = select(OutboxRow).where(col(OutboxRow.state) == OutboxState.WAITING).order_by(col(OutboxRow.sequence))
    return list(reading.session.exec(query))


def test_a_long_outage_is_told_once_in_each_channel_and_notes_are_gathered(store: Store, clock: VirtualClock) -> None:
    """F3, P7: words that were approved, and what one person is told, are left as they are."""
    away(store, clock, 360)
    assert store.read_now(service.over) == clock.now()
    assert [store.submit_now(SYSTEM, service.sum_up) for _ in range(2)] == [1, 0]
    rows = store.read_now(waiting)
    kinds = [(row.kind, row.payload.get("channel")) for row in rows]
    assert kinds == [
        ("foundation.note", CREDIT),
        ("foundation.whisper", "C0SUPPORT4"),
        ("comms.statement", None),
        ("comms.gathered", SHOP),
        ("foundation.announcement", CREDIT),
        ("foundation.announcement", SHOP),
    ]
    assert all(f"note {number}" in rows[3].payload["text"] for number in range(3))
    assert "2026-11-21 09:00 UTC" in rows[5].payload["text"]
    assert "2026-11-21 15:00 UTC" in rows[5].payload["text"]
    assert "3 messages waited" in rows[5].payload["text"]
    assert "One message waited" in rows[4].payload["text"]
    (entry,) = store.read_now(lambda reading: trail.read(reading.session, "slack"))
    assert entry.action == "slack.back"
    assert store.read_now(service.over) is None


def test_a_short_outage_is_not_worth_a_word(store: Store, clock: VirtualClock) -> None:
    away(store, clock, 9)
    store.submit_now(SYSTEM, service.sum_up)
    assert len(store.read_now(waiting)) == 6
    assert store.read_now(lambda reading: trail.read(reading.session, "slack")) == []
    assert store.read_now(service.over) is None
    assert clock.now() > MORNING
