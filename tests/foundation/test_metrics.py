"""Figures for Prometheus."""

from prometheus_client import REGISTRY

from bot.foundation import metrics


def late(kind: str) -> float | None:
    return REGISTRY.get_sample_value("backout_overdue_seconds", {"kind": kind})


def test_what_is_no_longer_late_shows_nothing_of_it() -> None:
    metrics.show_overdue({"a": 5, "b": 6})
    metrics.show_overdue({"b": 7})
    assert (late("a"), late("b")) == (0, 7)
    metrics.show_overdue({})
    assert (late("a"), late("b")) == (0, 0)
