"""A thread that goes on whatever happens, until it is told to stop."""

import threading

import pytest

from bot.foundation.watch import rounds
from bot.foundation.watch.rounds import Rounds


def test_a_round_that_fails_is_not_the_last_one(caplog: pytest.LogCaptureFixture) -> None:
    went_on, count = threading.Event(), []

    def do() -> None:
        count.append(1)
        if len(count) == 1:
            raise ZeroDivisionError
        went_on.set()

    turning = Rounds("x", do, 0)
    turning.start()
    assert went_on.wait(30)
    turning.stop()
    assert "a round of the x failed" in caplog.text
    ended = len(count)
    turning.stop()
    assert len(count) == ended


def test_a_round_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "LETS_GO", 0)
    began, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        began.set()
        go_on.wait()

    turning = Rounds("x", hang, 0)
    turning.start()
    assert began.wait(30)
    turning.stop()
    go_on.set()


def test_one_that_never_began_can_be_stopped() -> None:
    Rounds("x", lambda: None, 0).stop()
