import pytest

from bot.workspace.limits import POST_BURST, Limiter
from tests.workspace.conftest import VirtualClock


def burst(limiter: Limiter, method: str, channel: str = "C1") -> int:
    """How many calls pass at once."""
    count = 0
    while limiter.wait(method, channel) == 0:
        count += 1
    return count


@pytest.mark.parametrize(
    ("method", "at_once", "wait"),
    [
        ("apps.connections.open", 10, 60),
        ("users.list", 20, 3),
        ("chat.update", 50, 2),
        ("users.info", 100, 1),
        ("chat.postMessage", POST_BURST, 1),
    ],
)
def test_a_minutes_worth_may_come_at_once_then_evenly(
    clock: VirtualClock, method: str, at_once: int, wait: int
) -> None:
    limiter = Limiter(clock)
    assert burst(limiter, method) == at_once
    assert limiter.wait(method, "C1") == wait
    clock.advance(seconds=wait)
    assert limiter.wait(method, "C1") == 0
    clock.advance(hours=1)
    assert burst(limiter, method) == at_once


def test_waiting_exactly_as_told_always_suffices(clock: VirtualClock) -> None:
    limiter = Limiter(clock)
    for _ in range(200):
        wait = limiter.wait("chat.postMessage", "C1")
        if wait:
            clock.advance(seconds=wait)
            assert limiter.wait("chat.postMessage", "C1") == 0
        clock.advance(seconds=0.1)


def test_each_channel_has_its_own_pace_under_one_roof(clock: VirtualClock) -> None:
    limiter = Limiter(clock)
    assert burst(limiter, "chat.postMessage", "C1") == POST_BURST
    assert burst(limiter, "chat.postMessage", "C2") == POST_BURST
    passed = sum(limiter.wait("chat.postMessage", f"C{number}") == 0 for number in range(3, 1000))
    assert 285 < passed < 300


def test_a_clock_that_steps_back_takes_nothing_away(clock: VirtualClock) -> None:
    limiter = Limiter(clock)
    assert limiter.wait("users.info", "") == 0
    clock.advance(hours=-1)
    assert limiter.wait("users.info", "") == 0
