"""What App Home says about people."""

from hypothesis import given
from hypothesis import strategies as st

from bot.foundation.blocks import Section, as_dicts, header, section, visible_text
from bot.people import views
from bot.people.rules import Holding
from bot.people.views import Duty
from tests.people.office import at, person
from tests.support.clock import MORNING

ANN, BOB = person("ann", zone="Europe/Stockholm"), person("bob", zone="America/Sao_Paulo")


def _text(part: Section) -> str:
    return visible_text(as_dicts([*part.blocks, *part.detail]))


def test_the_welcome_says_who_you_are_what_you_may_do_and_how() -> None:
    """R084, R160: everybody can see their roles and who stands in for whom."""
    held = [Holding("owner", "Owner", "shop"), Holding("owner", "Owner", "credit"), Holding("lead", "Lead", None)]
    text = _text(views.welcome(ANN, held, BOB, [BOB]))
    assert "You are *Ann*, Ann's job." in text
    assert "Your roles: Owner (shop, credit); Lead." in text
    assert "You stand in for <@U0BOB> when" in text
    assert "<@U0BOB> stands in for you" in text
    assert "`/rollback`" in text
    assert "`/comms`" in text


def test_without_a_role_or_a_deputy_the_welcome_is_shorter() -> None:
    text = _text(views.welcome(ANN, [], None, []))
    assert "You hold no role here" in text
    assert "stands in for you" not in text


def test_a_closed_door_says_why_and_which_id_to_give() -> None:
    text = _text(views.closed_door("You are not in Backout's directory.", "U0ZOE"))
    assert "You are not in Backout's directory." in text
    assert "`U0ZOE`" in text


def test_who_is_on_duty_is_shown_with_their_local_time_and_the_end_of_their_turn() -> None:
    duties = [
        Duty("On call", None, ANN, until=at("2026-11-23T08:00+00:00")),
        Duty("Owner", "shop", BOB),
        Duty("Owner", "credit", ANN, is_active=False, deputy=BOB),
        Duty("Lead", None, ANN, is_active=False),
    ]
    part = views.on_duty(duties, MORNING)
    assert "• On call: <@U0ANN> (10:00 in Stockholm), until <!date^1795420800^" in visible_text(as_dicts(part.blocks))
    detail = visible_text(as_dicts(part.detail))
    assert "*Owner*\n• shop: <@U0BOB> (06:00 in Sao Paulo)" in detail
    assert "• credit: Ann cannot act now; <@U0BOB> (06:00 in Sao Paulo) acts for them" in detail
    assert "*Lead*\n• Ann cannot act now; nobody acts for them" in detail


@given(st.integers(0, 400))
def test_home_stays_within_slacks_limits_however_many_are_on_duty(size: int) -> None:
    duties = [Duty("Owner", f"system-{number}", ANN) for number in range(size)]
    view = views.home(Section([header("Backout")]), [views.on_duty(duties, MORNING), Section([section("Last")])])
    blocks = view.to_dict()["blocks"]
    assert len(blocks) <= 100
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks if block["type"] == "section")
    assert "Last" in visible_text(blocks)
    assert view.type == "home"


def test_hostile_names_stay_words() -> None:
    """Threat T15."""
    evil = ANN.model_copy(update={"name": "<!channel>", "title": "<https://evil.example|boss>"})
    text = _text(views.welcome(evil, [Holding("x", "<@U0BOB>", "<!here>")], None, []))
    assert "<!channel>" not in text
    assert "<http" not in text
    assert "<@U0BOB>" not in text
