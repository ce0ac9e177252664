"""What has served its purpose goes; what may still be needed stays."""

from datetime import timedelta

from sqlmodel import col, select

from bot.foundation import cleaning
from bot.foundation.db import Store
from bot.foundation.models import Nonce, OutboxRow, OutboxState
from bot.foundation.work import Actor, Work
from tests.support.clock import VirtualClock

SYSTEM = Actor("system", "cleaning", "Backout")


def leave_traces(work: Work) -> None:
    work.session.add(Nonce(value=str(work.now), seen_at=work.now))
    work.enqueue("any.step", f"done {work.now}", {})
    work.enqueue("any.step", f"waiting {work.now}", {})


def finish(work: Work) -> None:
    assert work.change(OutboxRow, col(OutboxRow.key).startswith("done"), state=OutboxState.DONE)


def left(store: Store) -> tuple[int, list[str]]:
    return store.read_now(
        lambda reading: (
            len(reading.session.exec(select(Nonce)).all()),
            sorted(row.key.split()[0] for row in reading.session.exec(select(OutboxRow))),
        )
    )


def test_nothing_to_clean_is_never_due(store: Store) -> None:
    assert store.read_now(cleaning.next_due) is None
    assert store.submit_now(SYSTEM, cleaning.clean) == 0


def test_marks_go_after_a_day_and_done_rows_after_a_month(store: Store, clock: VirtualClock) -> None:
    start = clock.now()
    store.submit_now(SYSTEM, leave_traces)
    store.submit_now(SYSTEM, finish)
    assert store.read_now(cleaning.next_due) == start + timedelta(hours=25)
    clock.pass_time(hours=24)
    assert store.submit_now(SYSTEM, cleaning.clean) == 0
    clock.pass_time(hours=1)
    assert store.submit_now(SYSTEM, cleaning.clean) == 1
    assert left(store) == (0, ["done", "waiting"])
    assert store.read_now(cleaning.next_due) == start + timedelta(days=30)
    clock.set(start + timedelta(days=30))
    assert store.submit_now(SYSTEM, cleaning.clean) == 1
    assert left(store) == (0, ["waiting"])
