"""What waits for a look, counted."""

from bot.alerts.rules.triage import Pile, Triage


def test_everything_that_waits_is_counted() -> None:
    assert Triage().count == 0
    assert Triage(not_understood=Pile((), 2), needs_context=Pile((), 3), no_trigger=Pile((), 4)).count == 9
