"""The auditor: looks by itself at everything, also at the writer, and tells what has changed."""

import threading

import pytest

from bot.foundation.work import Work
from tests.foundation.watch.conftest import MAYA, WORKER, House
from tests.support.clock import MORNING


async def test_nothing_is_well_before_it_has_looked(house: House) -> None:
    await house.worker.tick()
    assert not house.auditor.is_well
    assert house.look() == {}
    assert house.auditor.is_well


async def test_what_goes_silent_after_a_look_is_noticed_without_another_one(house: House) -> None:
    """P26: an auditor that has stopped cannot say that all is well."""
    await house.worker.tick()
    house.signs.expect("auditor")
    house.look()
    house.clock.pass_time(seconds=31)
    assert not house.auditor.is_well
    assert house.auditor.troubles == {}


async def test_a_writer_that_hangs_is_silent_and_asked_only_once(house: House) -> None:
    await house.worker.tick()
    begun, go_on = threading.Event(), threading.Event()

    def hang(_work: Work) -> None:
        begun.set()
        go_on.wait()

    house.signs.expect("writer")
    hanging = house.store.submit_soon(MAYA, hang)
    begun.wait()
    try:
        for _ in range(4):
            house.auditor.look()
            house.clock.pass_time(seconds=10)
        house.auditor.look()
        waits, troubles = len(house.store._jobs), house.auditor.troubles
    finally:
        go_on.set()
    hanging.result()
    house.store.submit_now(WORKER, lambda work: None)  # behind what the auditor asked of the writer
    assert waits <= 1
    assert troubles["loops"] == "writer silent since 2026-11-21T09:00:00Z (40 s)"
    assert house.look().get("loops") is None


async def test_a_writer_that_cannot_commit_is_silent(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await house.worker.tick()
    house.signs.expect("writer")
    house.clock.pass_time(seconds=31)
    house.store.close()
    house.auditor.look()
    assert "writer silent" in house.auditor.troubles["loops"]
    assert "the writer cannot be asked" in caplog.text


async def test_what_is_wrong_is_told_once_and_so_is_that_it_is_over(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.worker.tick()
    house.due["alerts.inbox"] = MORNING
    house.clock.pass_time(seconds=31)
    house.look()
    house.clock.pass_time(seconds=10)
    house.look()
    house.due["alerts.inbox"] = None
    house.look()
    assert [record.getMessage() for record in caplog.records] == [
        "not well: overdue: alerts.inbox since 2026-11-21T09:00:00Z (31 s)",
        "well again: overdue",
    ]
