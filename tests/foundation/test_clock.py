from datetime import UTC, timedelta

from bot.foundation.clock import SystemClock


def test_the_machines_clock_tells_aware_utc_and_does_not_stand_still() -> None:
    clock = SystemClock()
    first = clock.now()
    assert first.tzinfo is UTC
    moments = [clock.now() for _ in range(10_000)]
    assert moments == sorted(moments)
    assert timedelta() < moments[-1] - first < timedelta(minutes=1)
