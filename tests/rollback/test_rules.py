"""What plans say, when a target may be changed, and what answers prove."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.models import System, Systems, Target
from bot.rollback import rules
from bot.rollback.models import Execution, ExecutionState, Plan, StageOutcome
from tests.support.stores import config_of

TARGET = Target(
    kind="flag_file", file="var/flags/shop.json", flag="shop", serving_url="http://models.example/shop", answers=5
)
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
versions = st.text("0123456789.", min_size=1, max_size=6)


def stored(draft: rules.Draft, **changed: Any) -> Plan:
    """A plan as it lies in the database."""
    values = {
        "id": "plan_1",
        "incident": "INC-1",
        "system": draft.system,
        "from_version": draft.from_version,
        "to_version": draft.to_version,
        "target": draft.target,
        "steps": draft.steps,
        "digest": draft.digest,
        "requested_by": "U0MAYA0001",
        "reason": "conversion fell",
        "created_at": NOON,
    }
    return Plan(**{**values, **changed})


def shop_draft() -> rules.Draft:
    return rules.draft("shop", TARGET, "8", "7")


def test_steps_say_in_words_what_is_done_and_how_it_is_taken_back() -> None:
    """R088, R090, R094: the safe steps are written out, with the inverse, and nothing is deleted."""
    steps = shop_draft().steps
    assert [step["kind"] for step in steps] == ["note_state", "set_flag", "read_back", "ask_serving"]
    assert [step["number"] for step in steps] == [1, 2, 3, 4]
    assert "the flag “shop” in var/flags/shop.json" in steps[0]["words"]
    assert "no version is deleted" in steps[1]["words"]
    assert steps[1]["undo"] == {
        "words": "Select version 8 there again instead of version 7.",
        "expected": "7",
        "desired": "8",
    }
    assert "Ask http://models.example/shop 5 times" in steps[3]["words"]
    assert "5, 15 and 30 minutes" in steps[3]["words"]


def test_the_inverse_of_the_inverse_is_the_plan() -> None:
    """R090: taking a rollback back is its mirror image."""
    plan = stored(shop_draft())
    back, to = rules.inverse_of(plan)
    again = stored(rules.draft("shop", TARGET, back, to))
    assert (back, to) == ("7", "8")
    assert rules.inverse_of(again) == ("8", "7")


STEPS = shop_draft().steps
EDITS: list[dict[str, Any]] = [
    {"system": "other"},
    {"from_version": "9"},
    {"to_version": "6"},
    *({"target": {**TARGET.model_dump(mode="json"), key: "x"}} for key in TARGET.model_dump()),
    *({"steps": [*STEPS[:n], {**STEPS[n], key: "x"}, *STEPS[n + 1 :]]} for n in range(4) for key in STEPS[n]),
    {"steps": STEPS[:-1]},
    {"steps": STEPS[::-1]},
]


@pytest.mark.parametrize("edit", EDITS)
def test_any_edited_field_makes_another_plan(edit: dict[str, Any]) -> None:
    """R088: what was approved is exactly what is carried out."""
    plan = stored(shop_draft(), **edit)
    assert rules.plan_digest(plan) != plan.digest
    assert "digest does not fit" in (rules.why_plan_changed(plan, TARGET) or "")


def test_an_unchanged_plan_stands() -> None:
    assert rules.why_plan_changed(stored(shop_draft()), TARGET) is None


@pytest.mark.parametrize("field", ["file", "flag", "serving_url"])
def test_a_target_edited_in_the_configuration_voids_the_plan(field: str) -> None:
    edited = TARGET.model_copy(update={field: "http://elsewhere.example"})
    assert "is not the one that was approved" in (rules.why_plan_changed(stored(shop_draft()), edited) or "")


def test_a_system_that_is_gone_voids_the_plan() -> None:
    assert rules.why_plan_changed(stored(shop_draft()), None) == "shop is not in systems.yaml any more"


@given(versions, versions, versions)
def test_a_target_is_changed_only_from_the_expected_version(observed: str, expected: str, desired: str) -> None:
    """R089: nothing to do is nothing done; anything unexpected stops."""
    decision = rules.converge(observed, expected, desired)
    assert (decision == "already") == (observed == desired)
    assert (decision == "change") == (observed == expected and observed != desired)


@pytest.mark.parametrize(
    ("answers", "outcome", "words"),
    [
        (["7"] * 5, "done", "5 of 5 answers from version 7"),
        (["7", "7", "7", "8", "8"], "partial", "3 of 5 answers from version 7, 2 from version 8"),
        (["7", "7", None], "partial", "2 of 3 answers from version 7, 1 could not be read"),
        (["8"] * 5, "failed", "0 of 5 answers from version 7, 5 from version 8"),
        (["8", None], "failed", "0 of 2 answers from version 7, 1 from version 8, 1 could not be read"),
        ([None] * 5, "unknown", "0 of 5 answers from version 7, 5 could not be read"),
        ([], "unknown", "0 of 0 answers from version 7"),
    ],
)
def test_judging_answers(answers: list[str | None], outcome: str, words: str) -> None:
    """R099, R100: done, partial, failed and unknown are told apart by what the serving process says."""
    verdict = rules.judge(answers, "7")
    assert (verdict.outcome, verdict.words) == (outcome, words)


@given(st.lists(st.one_of(st.none(), versions), max_size=100), versions)
def test_only_answers_that_are_all_right_are_done(answers: list[str | None], wanted: str) -> None:
    """R100: a partial rollback is never called done."""
    verdict = rules.judge(answers, wanted)
    assert (verdict.outcome == ExecutionState.DONE) == (bool(answers) and set(answers) == {wanted})
    assert (verdict.outcome == ExecutionState.UNKNOWN) == (not any(answer is not None for answer in answers))
    assert sum(verdict.counts.values()) + verdict.unreadable == len(answers)


@pytest.mark.parametrize(
    ("standing", "outcome", "ending"),
    [
        ("7", ExecutionState.DONE, "version 7"),
        ("8", ExecutionState.UNKNOWN, ", but the target selects version 8"),
        (None, ExecutionState.UNKNOWN, ", but the target cannot be read"),
    ],
)
def test_good_answers_need_a_target_that_says_the_same(
    standing: str | None, outcome: ExecutionState, ending: str
) -> None:
    """R102: the data behind the served version is checked, too."""
    verdict = rules.confirmed(rules.judge(["7", "7"], "7"), standing, "7")
    assert verdict.outcome == outcome
    assert verdict.words.endswith(ending)


def test_bad_answers_stay_bad_whatever_the_target_says() -> None:
    verdict = rules.judge(["8"], "7")
    assert rules.confirmed(verdict, "7", "7") is verdict


@pytest.mark.parametrize(
    ("outcome", "check", "again"),
    [("done", 1, False), ("partial", 1, True), ("unknown", 2, True), ("failed", 3, False), ("partial", 3, False)],
)
def test_asking_again(outcome: str, check: int, again: bool) -> None:
    assert rules.asks_again(outcome, check) is again


def test_a_rollback_is_watched_for_half_an_hour() -> None:
    """R101: close monitoring after 5, 15 and 30 minutes, then it ends."""
    dues = [rules.watch_due(NOON, watches) for watches in range(4)]
    assert dues == [NOON + timedelta(minutes=5), NOON + timedelta(minutes=15), NOON + timedelta(minutes=30), None]


def execution(state: ExecutionState, *, changed: bool | None = True) -> Execution:
    return Execution(
        request_id="req_1",
        round=1,
        plan_id="plan_1",
        incident="INC-1",
        system="shop",
        state=state,
        changed=changed,
        started_at=NOON,
    )


@pytest.mark.parametrize("state", ExecutionState)
@pytest.mark.parametrize("changed", [True, False, None])
def test_checking_again_makes_sense_only_after_a_change_that_did_not_end_well(
    state: ExecutionState, changed: bool | None
) -> None:
    expected = state in ("partial", "failed", "unknown") and changed is not False
    assert rules.can_check_again(execution(state, changed=changed)) is expected


def test_only_the_newest_rollback_of_an_open_incident_that_is_done_can_be_taken_back() -> None:
    """R090, R092."""
    done = rules.Standing(stored(shop_draft()), "Maya", "approved", execution(ExecutionState.DONE), [], True, True)
    assert rules.can_reinstate(done)
    assert not rules.can_reinstate(replace(done, is_newest=False))
    assert not rules.can_reinstate(replace(done, is_open=False))
    assert not rules.can_reinstate(replace(done, execution=None))
    assert not rules.can_reinstate(replace(done, execution=execution(ExecutionState.PARTIAL)))


@pytest.mark.parametrize("state", ExecutionState)
def test_containment_says_something_else_for_every_state(state: ExecutionState) -> None:
    """R098: the containment status is tracked and shown."""
    words = {other: rules.containment(stored(shop_draft()), other, "5 of 5 answers") for other in ExecutionState}
    assert list(words.values()).count(words[state]) == 1
    assert "shop" in words[state]


def test_what_was_only_asked_for_claims_no_change() -> None:
    assert "nothing has been changed" in rules.proposal(stored(shop_draft()))


@pytest.mark.parametrize("state", [ExecutionState.DONE, ExecutionState.PARTIAL, ExecutionState.FAILED, "unknown"])
def test_a_check_counts_as_a_stage(state: str) -> None:
    assert rules.stage_outcome(state) == StageOutcome(str(state))


@pytest.mark.parametrize(
    ("back", "to", "words"),
    [
        ("8", "7", "Roll back shop from version 8 to version 7"),
        ("7", "8", "Reinstate version 8 of shop (now 7)"),
        ("9", "8", "Roll back shop from version 9 to version 8"),
    ],
)
def test_titles(back: str, to: str, words: str) -> None:
    assert rules.title(rules.draft("shop", TARGET, back, to), ["7", "8"]) == words


@pytest.mark.parametrize(
    ("bad", "expected"),
    [(None, ("8", "7")), ("8", ("8", "7")), ("7", ("7", "off")), ("off", ("off", None)), ("9", ("9", "8"))],
)
def test_the_form_suggests_the_version_before(bad: str | None, expected: tuple[str, str | None]) -> None:
    assert rules.presets(["off", "7", "8"], bad) == expected


def test_a_digest_is_shortened_for_people() -> None:
    assert rules.short("sha256:0123456789abcdef") == "0123456789ab"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-1), "0 s"),
        (timedelta(seconds=4.4), "4 s"),
        (timedelta(seconds=125), "2 min 5 s"),
        (timedelta(hours=3, minutes=4), "3 h 4 min"),
    ],
)
def test_spans_in_words(span: timedelta, words: str) -> None:
    assert rules.span_words(span) == words


def systems(**targets: Target) -> Systems:
    common = {
        "title": "Shop",
        "incident_type": "recommendation",
        "does": "ranks products",
        "channel": "C0SHOPREC1",
        "users": 10,
        "share_of_users": 0.1,
        "versions": ["7", "8"],
        "data_integrity": "none",
        "compliance": "none",
        "customers": "few",
    }
    return Systems(
        default_channel="C0ALERTS05",
        systems={name: System.model_validate({**common, "target": target}) for name, target in targets.items()},
    )


def test_checks_of_the_configuration() -> None:
    """R088: a target that cannot work is found at start, not during an incident."""
    bad = TARGET.model_copy(update={"serving_url": "ftp://models.example/", "flag": "other"})
    assert list(rules.checks(config_of(systems(shop=TARGET)))) == []
    problems = list(rules.checks(config_of(systems(shop=TARGET, twin=TARGET, bad=bad))))
    assert [problem.what for problem in problems] == [
        "twin and shop are rolled back by the same flag “shop” in var/flags/shop.json",
        "the serving_url of bad cannot be asked: only http:// and https:// can be asked",
    ]
    assert {problem.file for problem in problems} == {Path("Systems.yaml")}
