"""What an incident looks like: the card in each state, the forms, App Home."""

from datetime import timedelta
from typing import Any

import pytest

from bot.foundation.blocks import as_dicts, fit, visible_text
from bot.incidents import rules, views
from bot.incidents.models import Incident, Severity
from bot.incidents.rules import Names
from tests.incidents.samples import OPENED, incident, policy, system

OPEN = Names(owners="Maya Lindqvist")
LED = Names(lead="Priya Raman", owners="Maya Lindqvist")
CLOSED = Names(lead="Priya Raman", closed_by="Maya Lindqvist", owners="Maya Lindqvist")
HOSTILE = "<!channel> <@U0EVIL> *bold* & `code`"


def closed(**changes: Any) -> Incident:
    later = OPENED + timedelta(hours=1)
    values = {"state": "closed", "closed_at": later, "closed_by": "U0MAYA0001", "closing_reason": "Version 7 serves."}
    return incident(acknowledged_at=OPENED, acknowledged_by="U0PRIYA003", next_update_at=None, **(values | changes))


def seen(one: Incident, names: Names) -> str:
    return visible_text(as_dicts(fit([views.card(one, names), views.card_buttons(one)])))


def buttons(one: Incident) -> list[tuple[str, str]]:
    found = as_dicts(views.card_buttons(one).blocks)
    return [(element["text"]["text"], element["action_id"]) for block in found for element in block["elements"]]


def test_a_new_incident_says_what_happened_how_bad_and_what_can_be_done() -> None:
    """R040 R041 R049 R050 R170."""
    text = seen(incident(), OPEN)
    assert text.startswith(
        "🟠 INC-42 · Shop recommender · medium\n*Visitors buy less*\n🆕 Nobody has acknowledged it yet"
    )
    for fact in (
        "shop-recommender, version 8",
        "*Last good version*\n7",
        "*Owner*\nMaya Lindqvist",
        "*Next update by*",
    ):
        assert fact in text
    assert buttons(incident()) == [
        ("Acknowledge", "incidents.acknowledge"),
        ("Roll back", "rollback.open"),
        ("Hand over", "escalation.hand_over"),
        ("Tell people", "comms.open"),
        ("Change severity", "incidents.change_severity"),
        ("Close", "incidents.close"),
    ]


def test_the_card_shows_whom_it_touches_and_findings_of_no_issue() -> None:
    """R049 R050 R051 R052 R169 R170."""
    text = seen(incident(), OPEN)
    assert "about 240,000 users (35 % of all)" in text
    assert "Weekly newsletter; Stock planning" in text
    assert "*Compliance*\nNo compliance issue." in text
    assert "*Customers*\nVisitors buy less." in text


def test_the_card_shows_the_path_to_its_severity() -> None:
    """R041."""
    path = (
        "*medium* because: 3. Revenue at risk? Yes. Before it: 1. Somebody may be harmed? No. 2. Patients' safety? No."
    )
    assert path in seen(incident(), OPEN)


def test_a_change_of_severity_by_a_person_stands_in_the_path() -> None:
    """R041 R043."""
    step = rules.changed_step("Maya Lindqvist", "Only one country", "medium", Severity.LOW)
    changed = incident(severity="low", severity_path=[*incident().severity_path, step])
    text = views.path_text(changed)
    assert text.startswith("*medium* because: 3. Revenue")
    assert text.endswith(" Then *low*, by Maya Lindqvist: Only one country")


def test_without_any_yes_the_card_says_that_every_answer_was_no() -> None:
    """R041."""
    severity, path = rules.classify(policy(), rules.Facts())
    text = views.path_text(incident(severity=severity, severity_path=path))
    assert text.startswith("*low* because: every answer was no. 1. Somebody may be harmed? No.")


def test_a_proposal_to_lower_names_what_would_be_dropped_and_can_be_confirmed() -> None:
    """R043."""
    lowering = {"to": "low", "by": "U0MAYA0001", "reason": HOSTILE, "drops": ["Compliance"], "at": OPENED.isoformat()}
    text = seen(incident(lowering=lowering), OPEN)
    assert "<@U0MAYA0001> proposes to lower the severity to *low*" in text
    assert "nobody from Compliance would be asked to approve" in text
    assert "Lower to low\nLeave it as it is" in text
    assert "<!channel>" not in text


def test_an_acknowledged_incident_says_who_leads() -> None:
    """R103."""
    one = incident(state="acknowledged", acknowledged_at=OPENED, acknowledged_by="U0PRIYA003")
    assert "👀 Acknowledged <!date" in seen(one, LED)
    assert "*Priya Raman* leads" in seen(one, LED)
    assert "Acknowledge" not in [label for label, _ in buttons(one)]


def test_a_closed_incident_says_by_whom_and_why_and_people_can_still_be_told() -> None:
    text = seen(closed(), CLOSED)
    assert "✅ Closed by Maya Lindqvist" in text
    assert "\n>Version 7 serves.\n" in text
    assert "Next update by" not in text
    assert buttons(closed()) == [("Tell people", "comms.open")]


def test_every_button_says_which_incident_it_is_about() -> None:
    """“Tell people” names a subject, as comms knows no incidents."""
    (row,) = as_dicts(views.card_buttons(incident()).blocks)
    about = {element["action_id"]: element["value"] for element in row["elements"]}
    assert about.pop("comms.open") == '{"subject":"INC-42"}'
    assert set(about.values()) == {'{"incident":"INC-42"}'}


def test_versions_and_owners_that_nobody_knows_are_said() -> None:
    unlisted = incident(version="9", impact=rules.impact_of(system(), "9", []))
    text = seen(unlisted, Names())
    assert "shop-recommender, version 9 (a version that systems.yaml does not list)" in text
    assert "*Owner*\nnobody holds the role" in text
    oldest = incident(version="7", impact=rules.impact_of(system(), "7", []))
    assert "*Last good version*\nnot known" in seen(oldest, OPEN)


def test_detail_is_dropped_before_buttons() -> None:
    kept = as_dicts(fit([views.card(incident(), OPEN), views.card_buttons(incident())], limit=4))
    assert [block["type"] for block in kept] == ["header", "section", "section", "actions"]


@pytest.mark.parametrize("one", [incident(), closed()], ids=["open", "closed"])
def test_the_fallback_says_the_same_in_one_line(one: Incident) -> None:
    text = views.card_text(one, CLOSED)
    assert text.startswith("INC-42 · Shop recommender · medium: Visitors buy less. ")
    assert "\n" not in text


def test_nothing_that_was_typed_can_mention_or_link() -> None:
    one = closed(title=HOSTILE, containment=HOSTILE, version=HOSTILE, closing_reason=HOSTILE)
    hostile = Names(lead=HOSTILE, closed_by=HOSTILE, owners=HOSTILE)
    for text in (seen(one, hostile), views.card_text(one, hostile)):
        assert "<!channel>" not in text
        assert "<@U0EVIL>" not in text


def test_the_severity_form_offers_each_severity_and_asks_why() -> None:
    """R043."""
    view = views.severity_form(incident()).to_dict()
    chosen = view["blocks"][2]["element"]
    assert [option["value"] for option in chosen["options"]] == ["low", "medium", "high"]
    assert chosen["initial_option"]["value"] == "medium"
    assert (view["callback_id"], view["private_metadata"]) == ("incidents.change_severity", '{"incident":"INC-42"}')
    assert [block.get("block_id") for block in view["blocks"][2:]] == ["severity", "reason"]


def test_the_closing_form_says_that_an_open_request_becomes_void() -> None:
    quiet, warning = (views.closing_form(incident(), open_request=asked).to_dict() for asked in (False, True))
    assert "Closing makes it void: nothing will be rolled back." in visible_text(warning["blocks"])
    assert "void" not in visible_text(quiet["blocks"])
    assert quiet["callback_id"] == "incidents.close"


def test_home_lists_open_incidents_with_severity_state_and_where_to_find_them() -> None:
    """R044."""
    taken = incident(name="INC-7", number=7, state="acknowledged", acknowledged_at=OPENED, severity="high")
    text = visible_text(as_dicts(fit([views.home([], [taken, incident()], 2)])))
    assert "Open incidents: 2" in text
    assert "🔴 *INC-7* · Shop recommender 8 · severity high · acknowledged · since <!date" in text
    assert "*nobody has acknowledged it yet*" in text
    assert "<#C0SHOPREC1>" in text


def test_home_is_short_even_when_much_is_open() -> None:
    many = [incident(name=f"INC-{number}", number=number) for number in range(14)]
    text = visible_text(as_dicts(fit([views.home([], many, len(many))])))
    assert text.count("since <!date") == 10
    assert "and 4 more" in text


def test_home_says_when_all_is_calm() -> None:
    assert "None. All is calm." in visible_text(as_dicts(fit([views.home([], [], 0)])))


def test_home_begins_with_what_this_person_leads() -> None:
    led = [incident(name=f"INC-{number}", number=number, title=HOSTILE) for number in range(6)]
    blocks = as_dicts(fit([views.home(led, led, 6)]))
    assert blocks[0]["text"]["text"] == "You lead"
    mine = blocks[1]["text"]["text"]
    assert mine.count("next update by") == 5
    assert mine.endswith("and more: they stand below, and on their cards")
    assert "<!channel>" not in mine
