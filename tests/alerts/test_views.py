"""Signals on a card, and the message about alerts that need a look."""

from datetime import UTC, datetime
from typing import Any

from bot.alerts import views
from bot.alerts.models import InboxItem, Signal
from bot.alerts.rules.triage import Pile, Reported, Triage
from bot.foundation.blocks import as_dicts, fit, visible_text
from tests.alerts.samples import triggers

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
HOSTILE = "<!channel> <@U0EVIL> & http://evil.example"


def signal(**changes: Any) -> Signal:
    values: dict[str, Any] = {
        "id": "sig_1",
        "dedup_key": "alertmanager|a|b",
        "source": "alertmanager",
        "inbox_sequence": 1,
        "system": "shop-recommender",
        "version": "8",
        "metric": "conversion_rate",
        "value": 2.1,
        "summary": "Conversion is down",
        "state": "firing",
        "finding": "breached",
        "trigger": "conversion_drop",
        "labels": {},
        "annotations": {},
        "starts_at": NOW,
        "received_at": NOW,
    }
    return Signal(**(values | changes))


def item(**changes: Any) -> InboxItem:
    values: dict[str, Any] = {
        "sequence": 7,
        "source": "alertmanager",
        "body": b'{"odd": "' + HOSTILE.encode() + b'", "password": "hunter2"}',
        "received_at": NOW,
        "state": "not_understood",
        "note": "Its “version” is not “4”, as Alertmanager's is.",
        "due_at": NOW,
    }
    return InboxItem(**(values | changes))


def reported(*signals: Signal) -> Reported:
    firing = sum(signal.state == "firing" for signal in signals)
    return Reported(signals, firing, len(signals) - firing)


def card(*signals: Signal) -> str:
    return visible_text(as_dicts(fit([views.card(reported(*signals), triggers())])))


def test_a_signal_shows_value_limit_since_when_and_what_is_protected() -> None:
    """R003 R004 R005 R013 R027."""
    text = card(signal())
    assert text.startswith("🔺 *Firing*: `conversion_rate` 2.1 %, allowed: at least 3 % over 30 min · since <!date^")
    assert f"since <!date^{int(NOW.timestamp())}^" in text
    assert "Watched to protect: Revenue of the shop." in text
    assert ">Conversion is down" in text
    assert "signals" not in text


def test_a_resolved_signal_says_until_when() -> None:
    text = card(signal(state="resolved", ends_at=NOW.replace(hour=10)))
    assert "✅ *Resolved*" in text
    assert " until <!date^" in text


def test_a_signal_without_value_or_of_a_trigger_that_is_gone_is_shown_all_the_same() -> None:
    text = card(signal(value=None), signal(trigger="gone", value=7.0))
    assert "`conversion_rate` no value that can be read, allowed:" in text
    assert "`conversion_rate` 7 · since" in text


def test_of_many_signals_the_first_is_seen_at_once_and_four_more_below() -> None:
    first_five = [signal(id=f"sig_{number}") for number in range(5)]
    part = views.card(Reported(first_five, firing=21, resolved=1), triggers())
    first, below = (visible_text(as_dicts(blocks)) for blocks in (part.blocks, part.detail))
    assert (first.count("🔺 *Firing*"), below.count("🔺 *Firing*")) == (1, 4)
    assert first.endswith("22 signals: 21 firing, 1 resolved. The others stand below.")
    assert "and 17 more" in below
    assert below.count("Revenue of the shop.") == 1


def test_an_incident_without_signals_has_no_such_part() -> None:
    assert not fit([views.card(Reported(), triggers())])


def test_hostile_text_stays_text() -> None:
    one = signal(summary=HOSTILE, metric=HOSTILE, trigger=None, note=HOSTILE, system=HOSTILE, version=HOSTILE)
    waiting = Triage(Pile([item(source=HOSTILE)], 1), Pile([one], 1), Pile([one], 1), 7)
    for text in (card(one), visible_text(as_dicts(views.triage(waiting).blocks))):
        assert "<!channel>" not in text
        assert "<@U0EVIL>" not in text


def test_triage_shows_what_was_not_understood_as_far_as_it_is_fit_to_show() -> None:
    message = views.triage(Triage(Pile([item(body=b"x" * 900), item()], 4), through=7))
    text = visible_text(as_dicts(message.blocks))
    assert text.startswith("Alerts that need a look: 4\n*Not understood*: 4, kept as they came")
    assert "900 bytes · inbox no. 7" in text
    assert "x" * 200 in text
    assert "x" * 201 not in text
    assert "and 2 more" in text
    assert message.text == "Alerts that need a look: 4 not understood"


def test_triage_shows_what_is_missing_and_what_nobody_watches() -> None:
    missing = signal(finding="needs_context", note="Its system “shop” is not in systems.yaml.")
    unwatched = signal(finding="no_trigger", metric="queue_length", trigger=None, value=9.0)
    message = views.triage(Triage(needs_context=Pile([missing], 1), no_trigger=Pile([unwatched], 3), through=9))
    text = visible_text(as_dicts(message.blocks))
    assert "Its system “shop” is not in systems.yaml." in text
    assert "queue_length of shop-recommender 8 · value: 9" in text
    assert message.text == "Alerts that need a look: 1 without context, 3 without a trigger"
    button = as_dicts(message.blocks)[-1]["elements"][0]
    assert (button["action_id"], button["value"]) == ("alerts.seen", '{"through":9}')
    assert "your name goes into the trail" in button["confirm"]["text"]["text"]


def test_when_nothing_is_left_the_message_says_so() -> None:
    message = views.triage(Triage())
    assert visible_text(as_dicts(message.blocks)) == "✅ No alert needs a look."
    assert not fit([views.home(Triage(), "C0ALERTS05")])


def test_home_has_a_line_when_there_is_something() -> None:
    text = visible_text(as_dicts(fit([views.home(Triage(Pile((), 2), Pile((), 1)), "C0ALERTS05")])))
    assert text == "🔎 Alerts that need a look: 2 not understood, 1 without context · <#C0ALERTS05>"
