"""A thread in which too much happens at once gets one note instead of a stream."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.comms import service
from bot.comms.models import FallbackPolicy
from bot.comms.service.gathering import CROWD
from bot.foundation import line, outbox
from bot.foundation.db import Store
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.work import Reading, Work
from tests.comms.desk import SHIPPED, SYSTEM, desk
from tests.support.clock import VirtualClock

SHOP, CREDIT = "C0SHOPREC1", "C0CREDIT02"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = desk(tmp_path, SHIPPED.replace(FallbackPolicy()), VirtualClock())
    yield store
    store.close()


def say(work: Work, subject: str, channel: str, times: int) -> None:
    for number in range(times):
        outbox.note(work, channel, subject, f"note {number} of {subject}.")


def waiting(reading: Reading) -> list[tuple[str, str]]:
    query = select(OutboxRow).where(col(OutboxRow.state) == OutboxState.WAITING).order_by(col(OutboxRow.sequence))
    return [(row.kind, row.payload["subject"]) for row in reading.session.exec(query)]


def test_a_crowd_of_notes_becomes_one_and_other_threads_are_left_alone(store: Store) -> None:
    """F3, F12: what a storm adds to a thread is told in a few messages; every word stays in the record."""
    store.submit_now(SYSTEM, say, "INC-1", SHOP, CROWD + 1)
    store.submit_now(SYSTEM, say, "INC-2", CREDIT, 3)
    assert store.read_now(service.crowded) is not None
    assert store.submit_now(SYSTEM, service.thin_out) == CROWD + 1
    assert store.read_now(waiting) == [("foundation.note", "INC-2")] * 3 + [("comms.gathered", "INC-1")]
    (row,) = store.read_now(
        lambda reading: reading.session.exec(select(OutboxRow).where(OutboxRow.kind == "comms.gathered")).all()
    )
    assert row.payload["channel"] == SHOP
    assert "note 0 of INC-1." in row.payload["text"]
    assert "more: `backout export INC-1` has them all" in row.payload["text"]
    assert store.read_now(service.crowded) is None


def test_what_was_told_together_is_not_told_together_again(store: Store) -> None:
    for _ in range(3):
        store.submit_now(SYSTEM, say, "INC-1", SHOP, CROWD + 1)
        store.submit_now(SYSTEM, service.thin_out)
    assert store.read_now(waiting) == [("comms.gathered", "INC-1")] * 3


@pytest.mark.parametrize("times", [1, CROWD])
def test_what_people_can_read_one_by_one_stays(store: Store, times: int) -> None:
    store.submit_now(SYSTEM, say, "INC-1", SHOP, times)
    assert store.read_now(service.crowded) is None
    assert store.submit_now(SYSTEM, service.thin_out) == 0
    assert len(store.read_now(waiting)) == times


def test_while_slack_is_away_they_wait_for_the_summary(store: Store) -> None:
    store.submit_now(SYSTEM, say, "INC-1", SHOP, 2 * CROWD)
    store.submit_now(SYSTEM, line.note_away, "HTTP 503")
    assert store.read_now(service.crowded) is None
