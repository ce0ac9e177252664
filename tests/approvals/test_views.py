"""What a request looks like, whatever was written into it."""

from datetime import timedelta
from typing import Any

import pytest

from bot.approvals import rules, views
from bot.approvals.models import Question, Request, RoundState, Vote
from bot.approvals.rules.facts import Line
from bot.foundation.block_rules import problems
from bot.foundation.blocks import Section, as_dicts, visible_text
from tests.support.clock import MORNING

TOM, ANN, MAY = "U0TOM00001", "U0ANN00002", "U0MAY00003"
NAMES = {TOM: "Tom", ANN: "Ann", MAY: "May"}
SLOTS = (
    rules.Slot("engineering", ("engineering",), "Engineering", (TOM,)),
    rules.Slot("product", ("product",), "Product", (ANN,)),
)
HOSTILE = "<!channel> <@U0TOM00001> <https://evil.example|bank> *bold* `code` & | ‮" + "x" * 3000


def request(**changes: Any) -> Request:
    values: dict[str, Any] = {
        "id": "req_1",
        "subject": "INC-1",
        "number": 1,
        "activity": "approve_rollback",
        "system": "shop",
        "severity": "medium",
        "slots": [slot.as_json() for slot in SLOTS],
        "policy": "sha256:0",
        "plan_digest": "sha256:" + "ab" * 32,
        "summary": "Roll back shop from version 8 to version 7",
        "requester": MAY,
        "reason": "Conversion fell.",
        "channel": "C1",
        "asked_at": MORNING,
        "deputies_from": MORNING + timedelta(minutes=10),
        "expires_at": MORNING + timedelta(hours=1),
        "then": "rollback.start",
    }
    return Request(**{**values, **changes})


def tally(*votes: Vote) -> rules.Tally:
    given = {vote.person: vote for vote in votes}
    return rules.Tally(tuple(Line(slot, given.get(slot.people[0])) for slot in SLOTS))


def vote(person: str, reason: str = "It is right.") -> Vote:
    return Vote(request_id="req_1", round=1, person=person, choice="approve", reason=reason, at=MORNING)


def shown(section: Section) -> str:
    return visible_text(as_dicts([*section.blocks, *section.detail]))


def test_an_open_request_says_who_is_waited_for_and_what_happens_without_them() -> None:
    """R065 R178: who asked and why, who answered and why, who is missing, until when."""
    asked = [rules.Asked(ANN, SLOTS[1])]
    found = views.card(request(), tally(vote(TOM)), asked=asked, names=NAMES, otherwise="nothing is rolled back")
    text = shown(found)
    for words in ("Conversion fell.", f"<@{TOM}>", "It is right.", f"<@{ANN}>", "nothing is rolled back"):
        assert words in text
    buttons = [element["text"]["text"] for block in as_dicts(found.blocks) for element in block.get("elements", [])
               if element.get("type") == "button"]  # fmt: skip
    assert buttons == ["Approve", "Reject", "Ask for more information", "Abstain", "Take my answer back"]


@pytest.mark.parametrize("state", [state for state in RoundState if state != RoundState.ASKED])
def test_what_is_decided_has_no_buttons(state: RoundState) -> None:
    """T9: nothing to press on what is over."""
    ended = request(state=state, decided_at=MORNING, outcome="by Tom")
    found = views.card(ended, tally(), names=NAMES, otherwise="nothing is rolled back")
    assert all(block["type"] != "actions" for block in as_dicts(found.blocks))
    assert state.value in shown(found).lower()


def test_hostile_words_do_nothing_on_any_surface() -> None:
    """T15."""
    asked = request(summary=HOSTILE[:200], reason=HOSTILE)
    question = Question(id="q", request_id="req_1", round=1, person=TOM, text=HOSTILE, at=MORNING)
    seat = rules.Asked(ANN, SLOTS[1])
    card = views.card(
        asked, tally(vote(TOM, HOSTILE)), asked=[seat], questions=[question], names=NAMES, otherwise="nothing happens"
    )
    many = [(request(id=f"req_{n}", summary=HOSTILE[:200], reason=HOSTILE), seat) for n in range(30)]
    home = views.home(many, NAMES, MORNING)
    forms = [
        views.approve_form(asked, seat, NAMES, is_last=True),
        views.reject_form(asked, "nothing happens"),
        views.question_form(asked),
    ]
    assert problems("message", as_dicts([*card.blocks, *card.detail])) == []
    assert problems("home", {"type": "home", "blocks": as_dicts([*home.blocks, *home.detail])}) == []
    for section in (card, home):
        assert "<!channel>" not in shown(section)
        assert "<https://evil" not in shown(section)
    for form in forms:
        assert problems("modal", form.to_dict()) == []
        assert "<!channel>" not in visible_text(form.to_dict()["blocks"])


def test_the_last_approver_is_told_that_it_begins_at_once() -> None:
    """R163."""
    seat = rules.Asked(ANN, SLOTS[1], on_behalf_of=TOM)
    last = visible_text(views.approve_form(request(), seat, NAMES, is_last=True).to_dict()["blocks"])
    first = visible_text(views.approve_form(request(), seat, NAMES, is_last=False).to_dict()["blocks"])
    assert "begins at once" in last
    assert "other approvals" in first
    assert "Tom" in last
    assert "abababababab" in last


def test_of_very_many_home_shows_the_first_and_says_how_many_there_are() -> None:
    waiting = [(request(id=f"req_{n}"), rules.Asked(TOM, SLOTS[0])) for n in range(12)]
    text = shown(views.home(waiting, NAMES, MORNING, named=10_000))
    assert "Waiting for you: 12 and more" in text
    assert "10000 open requests name you" in text
    assert "Nothing waits" not in shown(views.home([], NAMES, MORNING, named=10_000))


def test_nothing_waiting_is_said() -> None:
    assert "Nothing waits for your decision." in shown(views.home([], NAMES, MORNING))
