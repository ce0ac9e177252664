"""Overdue work of every kind is found by one mechanism: what each sweep says is due, and what has not left."""

from datetime import datetime, timedelta

import pytest

from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.sender import rows
from bot.foundation.watch import overdue
from bot.foundation.watch.overdue import LATE, LATE_MESSAGE
from bot.foundation.work import Work
from tests.foundation.watch.conftest import MAYA, House
from tests.support.clock import MORNING


def found(house: House) -> list[str]:
    return [
        str(one)
        for one in house.store.read_now(lambda reading: overdue.find(reading, house.kinds.sweeps, house.kinds.messages))
    ]


def test_a_sweep_whose_work_is_not_done_is_late(house: House) -> None:
    """P26: whatever a sweep waits for, without knowing what it is."""
    house.due["escalation.climb"] = MORNING
    house.clock.set(MORNING + LATE)
    assert found(house) == []
    house.clock.pass_time(seconds=1)
    assert found(house) == ["escalation.climb since 2026-11-21T09:00:00Z (31 s)"]
    house.due["escalation.climb"] = MORNING + timedelta(hours=1)
    assert found(house) == []


def test_a_sweep_that_cannot_say_is_said(house: House) -> None:
    del house.due["alerts.inbox"]
    assert found(house) == ["alerts.inbox cannot say what is due"]


@pytest.mark.parametrize(("kind", "limit"), [("step", LATE), ("effect", LATE), ("card", LATE_MESSAGE)])
def test_what_waits_in_the_outbox_is_late_by_its_kind(house: House, kind: str, limit: timedelta) -> None:
    house.want(kind)
    house.clock.set(MORNING + limit)
    assert found(house) == []
    house.clock.pass_time(seconds=1)
    assert found(house) == [f"{kind} since 2026-11-21T09:00:00Z ({limit.total_seconds() + 1:.0f} s)"]


def test_what_is_due_later_or_done_or_given_up_is_not_late(house: House) -> None:
    house.want("step", due_at=MORNING + timedelta(hours=2))
    house.want("card")
    house.want("effect")

    def end(work: Work) -> None:
        work.change(OutboxRow, OutboxRow.kind == "card", state=OutboxState.DONE)  # type: ignore[arg-type]
        work.change(OutboxRow, OutboxRow.kind == "effect", state=OutboxState.PARKED)  # type: ignore[arg-type]

    house.store.submit_now(MAYA, end)
    house.clock.pass_time(hours=1)
    assert found(house) == []


def test_who_took_a_row_and_does_not_come_back_is_late_once_the_claim_is_over(house: House) -> None:
    house.want("effect")

    def take(work: Work) -> datetime | None:
        (row,) = rows.due(work, ["effect"], [], 1)
        taken = rows.claim(work, row, timedelta(minutes=2))
        return taken.claimed_until if taken else None

    until = house.store.submit_now(MAYA, take)
    assert until == MORNING + timedelta(minutes=2)
    house.clock.set(until + LATE)
    assert found(house) == []
    house.clock.pass_time(seconds=1)
    assert found(house) == ["effect since 2026-11-21T09:02:00Z (31 s)"]
