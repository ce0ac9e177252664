"""The door for people: “I have looked”; our part of the card and of App Home."""

from bot.alerts import slack
from bot.foundation.blocks import as_dicts, fit, visible_text
from bot.foundation.router import Answer, Click, Say, Sent
from tests.alerts.inbox import receive
from tests.alerts.samples import raw
from tests.incidents.organisation import Organisation


def test_i_have_looked(meridian: Organisation) -> None:
    receive(meridian, b"[1]", b"[2]")
    press = slack.router.buttons["alerts.seen"]

    def pressed(through: int) -> Answer:
        return meridian.does("sam", lambda work: press(Click("alerts.seen", Sent({"through": through})), work))

    assert pressed(1) == Say("Noted: you have looked at 1.")
    assert "1 not understood" in home(meridian)
    assert pressed(2) == Say("Noted: you have looked at 1.")
    assert home(meridian) == ""


def test_the_card_shows_the_signals(meridian: Organisation) -> None:
    """R013."""
    receive(meridian, raw())
    text = visible_text(as_dicts(fit([meridian.reads(slack.card_section, "INC-1")])))
    assert "🔺 *Firing*: `conversion_rate` 2.1 %, allowed: at least 3 % over 30 min" in text


def home(meridian: Organisation) -> str:
    return visible_text(as_dicts(fit([meridian.reads(slack.home_section, "U0MAYA0001")])))
