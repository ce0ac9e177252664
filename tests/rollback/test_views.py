"""What people see of a rollback: exact in every state, inert whatever was typed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.foundation.blocks import Message, as_dicts, mrkdwn, visible_text
from bot.incidents.models import Target
from bot.rollback import rules, views
from bot.rollback.models import Execution, ExecutionState, Plan, StageOutcome, StageResult

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TARGET = Target(kind="flag_file", file="flags.json", flag="shop", serving_url="http://models.example/shop", answers=5)
VERSIONS = ["7", "8"]
HOSTILE = "<!channel> <@U0MAYA0001> <http://evil|bank> & `x`"


def plan(**changed: Any) -> Plan:
    draft = rules.draft("shop", TARGET, "8", "7")
    values: dict[str, Any] = {
        "id": "plan_1",
        "incident": "INC-1",
        "system": "shop",
        "from_version": "8",
        "to_version": "7",
        "target": draft.target,
        "steps": draft.steps,
        "digest": draft.digest,
        "requested_by": "U0MAYA0001",
        "reason": "conversion fell",
        "created_at": NOON,
    }
    return Plan(**{**values, **changed})


def execution(state: str, **changed: Any) -> Execution:
    values: dict[str, Any] = {
        "request_id": "req_1",
        "round": 2,
        "plan_id": "plan_1",
        "incident": "INC-1",
        "system": "shop",
        "state": state,
        "detail": "5 of 5 answers from version 7",
        "changed": True,
        "started_at": NOON,
        "finished_at": NOON + timedelta(seconds=12),
        "watches": 0,
        "due_at": None,
    }
    return Execution(**{**values, **changed})


def standing(run: Execution | None = None, **changed: Any) -> rules.Standing:
    values: dict[str, Any] = {
        "plan": plan(),
        "requester": "Maya Lindqvist",
        "round_state": "asked",
        "execution": run,
        "stages": [],
        "is_newest": True,
        "is_open": True,
    }
    return rules.Standing(**{**values, **changed})


def text_of(shown: Any) -> str:
    return visible_text(as_dicts([*shown.blocks, *getattr(shown, "detail", [])]))


def buttons(shown: Any) -> dict[str, dict[str, Any]]:
    found = [element for block in as_dicts(shown.blocks) for element in block.get("elements", [])]
    return {element["text"]["text"]: element for element in found if element["type"] == "button"}


def a_form(**changed: Any) -> rules.Form:
    values: dict[str, Any] = {
        "systems": [("shop", "Shop"), ("support-bot", "Support bot")],
        "system": "shop",
        "versions": VERSIONS,
        "from_version": "8",
        "to_version": "7",
        "target": "the flag “shop” in flags.json",
        "incident": "INC-1",
        "severity": "medium",
        "approvers": ["Engineering lead: Tomás Ferreira", "Product lead: Aisha Bello"],
        "reason": "",
    }
    return rules.Form(**{**values, **changed})


def test_the_form_is_filled_in_and_says_who_decides() -> None:
    """R057, R072: the options (every listed version), what is changed, and who has to approve, before asking."""
    view = views.form(a_form(reason="conversion fell")).to_dict()
    inputs = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert list(inputs) == [views.SYSTEM, "from_version:shop", "to_version:shop", "reason"]
    assert inputs["from_version:shop"]["initial_option"]["value"] == "8"
    assert inputs["to_version:shop"]["initial_option"]["value"] == "7"
    assert [one["text"]["text"] for one in inputs["to_version:shop"]["options"]] == ["8 (newest)", "7 (the one before)"]
    assert inputs["reason"]["initial_value"] == "conversion fell"
    assert view["blocks"][0]["dispatch_action"] is True
    words = visible_text(view["blocks"])
    for expected in ("INC-1", "medium", "the flag “shop” in flags.json", "Engineering lead: Tomás Ferreira", "Aisha"):
        assert expected in words


def test_the_form_without_an_incident_says_that_it_opens_one() -> None:
    assert "It opens an incident, probably of severity *medium*" in visible_text(
        views.form(a_form(incident=None)).to_dict()["blocks"]
    )


def test_a_bad_version_that_is_not_listed_can_be_chosen() -> None:
    view = views.form(a_form(from_version="9")).to_dict()
    froms = next(block for block in view["blocks"] if block.get("block_id") == "from_version:shop")["element"]
    assert [one["value"] for one in froms["options"]] == ["9", "8", "7"]


def test_the_form_of_a_system_with_one_version_suggests_nothing() -> None:
    view = views.form(a_form(versions=["8"], to_version=None)).to_dict()
    tos = next(block for block in view["blocks"] if block.get("block_id") == "to_version:shop")["element"]
    assert "initial_option" not in tos


def test_another_system_starts_with_fields_of_its_own() -> None:
    """Slack keeps what was chosen under a block id: another system must not inherit it."""
    assert views.version_field("to_version", "shop") != views.version_field("to_version", "support-bot")


@pytest.mark.parametrize(
    ("refused", "field"),
    [
        ("system", views.SYSTEM),
        ("from_version", "from_version:shop"),
        ("to_version", "to_version:shop"),
        ("reason", "reason"),
        (None, None),
    ],
)
def test_a_refusal_stands_under_its_field(refused: str | None, field: str | None) -> None:
    assert views.field_of(refused, "shop") == field


def test_without_a_plan_there_is_nothing_on_the_card() -> None:
    assert views.card(None).blocks == ()


@pytest.mark.parametrize("state", list(ExecutionState))
def test_every_state_has_words_of_its_own(state: ExecutionState) -> None:
    """R098, R100: done, failed, partial and unknown cannot be mistaken for each other."""
    first = {other: text_of(views.card(standing(execution(other)))).splitlines()[0] for other in ExecutionState}
    assert list(first.values()).count(first[state]) == 1


@pytest.mark.parametrize(
    ("round_state", "words"),
    [
        ("asked", "Waits for approval"),
        ("rejected", "Rejected"),
        ("void", "Void"),
        ("expired", "Expired"),
        ("approved", "Approved, but not carried out"),
        (None, "Waits for approval"),
    ],
)
def test_before_anything_is_carried_out_the_round_is_shown(round_state: str | None, words: str) -> None:
    shown = text_of(views.incident_message("INC-1", mrkdwn("*INC-1*"), standing(round_state=round_state), is_open=True))
    assert words in shown
    assert "nothing has been changed" in shown.lower()


@pytest.mark.parametrize(
    ("round_state", "said", "plan_below"),
    [
        ("asked", "", True),
        (None, "", True),
        ("rejected", "", False),
        ("void", "", False),
        ("expired", "", False),
        ("approved", "Approved, but not carried out", False),
    ],
)
def test_the_card_does_not_repeat_what_the_request_says(round_state: str | None, said: str, plan_below: bool) -> None:
    """R088: the plan stands there word for word, with its digest, as long as somebody may still approve it."""
    part = views.card(standing(round_state=round_state))
    first, below = (visible_text(as_dicts(blocks)) for blocks in (part.blocks, part.detail))
    assert (said in first) if said else first == ""
    words = ("1. Note what the flag “shop” in flags.json selects now", "To take it back:", "All users at once")
    assert [one in below for one in (*words, rules.short(plan().digest))] == [plan_below] * 4


def test_the_card_shows_the_steps_that_were_taken_with_times_and_observations() -> None:
    """R098, R099: what was observed, step by step, in place of the plan, which keeps its name."""
    stage = StageResult(
        request_id="req_1",
        round=2,
        number=4,
        title="Ask the serving process",
        outcome=StageOutcome.DONE,
        observed={"words": "5 of 5 answers from version 7"},
        started_at=NOON,
        finished_at=NOON + timedelta(seconds=3),
    )
    shown = text_of(views.card(standing(execution("done"), stages=[stage])))
    for expected in (
        "✅ *Done and proved*\n>5 of 5 answers from version 7",
        rules.short(plan().digest),
        "after 12 s",
        "✅ 4. Ask the serving process: 5 of 5 answers from version 7 · 3 s",
    ):
        assert expected in shown
    assert "word for word" not in shown


@pytest.mark.parametrize(
    ("state", "changed", "label"),
    [
        ("done", True, "Reinstate version 8"),
        ("partial", True, "Check again"),
        ("failed", True, "Check again"),
        ("failed", False, None),
        ("unknown", None, "Check again"),
        ("running", False, None),
        ("validating", True, None),
    ],
)
def test_the_button_that_makes_sense(state: str, changed: bool | None, label: str | None) -> None:
    """R090, R092."""
    shown = buttons(views.card(standing(execution(state, changed=changed))))
    assert list(shown) == ([label] if label else [])


def test_a_rollback_that_something_else_followed_has_no_buttons() -> None:
    for state in ("done", "partial"):
        assert buttons(views.card(standing(execution(state), is_newest=False))) == {}


def test_being_watched_is_shown_until_it_is_over() -> None:
    """R101."""
    due = NOON + timedelta(minutes=15)
    watched = text_of(views.card(standing(execution("done", watches=1, due_at=due))))
    assert "Watched until" in watched
    assert "1 of 3 checks" in watched
    over = text_of(views.card(standing(execution("done", watches=3))))
    assert "Watched for 30 minutes: it stayed." in over
    ended = text_of(views.card(standing(execution("done", watches=1))))
    assert "Watched" not in ended


def test_failed_says_whether_anything_was_changed() -> None:
    assert "nothing was changed" in text_of(views.card(standing(execution("failed", changed=False))))
    assert "switched, but it is not served" in text_of(views.card(standing(execution("failed"))))


def test_home_shows_what_runs_and_nothing_otherwise() -> None:
    assert views.home([]).blocks == ()
    shown = text_of(views.home([(execution("running"), plan())]))
    assert "Being carried out" in shown
    assert "INC-1 · shop from version 8 to version 7" in shown


def said(state: str, **changed: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "channel": "C0SHOPREC1",
        "incident": "INC-1",
        "system": "shop",
        "from_version": "8",
        "to_version": "7",
        "state": state,
        "detail": "3 of 5 answers from version 7, 2 from version 8",
        "changed": True,
        "lead": "U0MAYA0001",
        "requester": "U0JONAS002",
    }
    return {**values, **changed}


@pytest.mark.parametrize("state", ["partial", "failed", "unknown", "refused"])
@pytest.mark.parametrize("changed", [True, False, None])
def test_an_alarm_says_what_is_known_what_not_and_what_to_do(state: str, changed: bool | None) -> None:
    """R100, R163: short, exact, usable under pressure."""
    words = text_of(views.alarm(said(state, changed=changed)))
    for part in (
        "*Known:*",
        "3 of 5 answers",
        "*Not known:*",
        "*To do:*",
        "*If nobody acts:*",
        "<@U0MAYA0001>, you lead",
    ):
        assert part in words
    assert ("Nothing was changed" in words) == (changed is False)


def test_an_alarm_without_a_lead_calls_who_asked() -> None:
    assert "<@U0JONAS002>, you asked for it" in text_of(views.alarm(said("partial", lead=None)))


def test_alarms_of_different_outcomes_ask_for_different_things() -> None:
    texts = {text_of(views.alarm(said(state))) for state in ("partial", "failed", "unknown", "refused")}
    assert len(texts) == 4


def test_help_names_a_few_systems_and_incidents_and_says_how_many_more() -> None:
    words = text_of(views.help_message([], [f"system-{number}" for number in range(7)], []))
    assert "`/rollback system-0 wrong answers since noon`" in words
    assert "`system-4` and 2 more" in words
    assert "`/rollback shop-recommender wrong" in text_of(views.help_message([], [], []))


def test_an_incident_is_shown_with_its_rollback_and_the_button() -> None:
    shown = views.incident_message("INC-1", mrkdwn("*INC-1* open"), standing(execution("partial")), is_open=True)
    assert "Partial" in text_of(shown)
    assert list(buttons(shown)) == ["Roll back"]
    closed = views.incident_message("INC-1", mrkdwn("*INC-1* closed"), None, is_open=False)
    assert "No rollback was asked for." in text_of(closed)
    assert buttons(closed) == {}


def test_who_asked_is_told_what_happens_next() -> None:
    words = views.asked(plan(), ["Product lead: Aisha Bello"])
    assert "Nothing is changed until" in words
    assert "Product lead: Aisha Bello" in words


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("INC-42", "INC-42"),
        ("inc-42", "INC-42"),
        ("inc 042", "INC-42"),
        ("INC42 please", "INC-42"),
        ("income", None),
        ("INC-", None),
        ("shop INC-1", None),
        ("INC-99999999999", None),
    ],
)
def test_incidents_as_they_are_typed(text: str, name: str | None) -> None:
    assert views.named_incident(text) == name


def test_nothing_that_was_typed_is_active() -> None:
    """R163, R087: no mention, no link, whatever a person or a file says."""
    stage = StageResult(
        request_id="r", round=1, number=1, title=HOSTILE, observed={"words": HOSTILE}, started_at=NOON, finished_at=NOON
    )
    hostile = plan(system=HOSTILE, reason=HOSTILE)
    shown = standing(execution("partial", detail=HOSTILE), plan=hostile, requester=HOSTILE, stages=[stage])
    surfaces = [
        text_of(views.card(shown)),
        text_of(views.home([(execution("running"), hostile)])),
        text_of(views.alarm(said("partial", detail=HOSTILE, system=HOSTILE, lead=None, requester=HOSTILE))),
        visible_text(views.form(a_form(target=HOSTILE, approvers=[HOSTILE])).to_dict()["blocks"][1:2]),
        str(views.asked(hostile, [HOSTILE])),
    ]
    for words in surfaces:
        for active in ("<!channel>", "<@U0MAYA0001>", "<http"):
            assert active not in words


def test_cards_and_alarms_have_words_for_notifications() -> None:
    message = views.alarm(said("failed"))
    assert isinstance(message, Message)
    assert "INC-1" in message.fallback
