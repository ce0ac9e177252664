"""Which version counts, which template fits, and what to warn of."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.comms.models import Audience, Library, Stage
from bot.comms.rules import (
    allowed_facts,
    approval_words,
    choose,
    place,
    suggested_stage,
    warnings,
    why_not_approved,
    why_not_entitled,
)
from bot.people.models import Directory
from tests.comms.desk import DIGEST, SHIPPED, approval, template, with_library

TODAY = date(2026, 11, 21)
OTHER = "sha256:" + "1" * 64
DIRECTORY = SHIPPED[Directory]
PAGE: dict[str, Any] = {"name": "page/tier-1", "stage": "page", "audience": "responders"}


# --- does it count? ---------------------------------------------------------------------------------------------------


def test_an_approved_version_counts() -> None:
    assert why_not_approved(template("Words."), approval(), TODAY) is None


@pytest.mark.parametrize(
    ("given_approval", "what"),
    [
        (None, "messages/customers/initial.md.j2 has not been approved."),
        (approval(digest=OTHER), "messages/customers/initial.md.j2 was edited after it was approved."),
        (
            approval(review_by="2026-11-20"),
            "The approval of messages/customers/initial.md.j2 ended on 20 November 2026.",
        ),
    ],
)
def test_whatever_else_does_not_and_says_how_to_mend_it(given_approval: Any, what: str) -> None:
    """R117, R118, R122: one edit or one day too late, and it must be read again."""
    why = why_not_approved(template("Words."), given_approval, TODAY)
    assert why is not None
    assert why.startswith(what)
    assert "messages/approvals.yaml" in why


def test_an_approval_counts_on_its_last_day() -> None:
    assert why_not_approved(template("Words."), approval(review_by="2026-11-21"), TODAY) is None


def test_a_review_date_never_silences_a_page_but_an_edit_does() -> None:
    page = template("Words.", **PAGE)
    assert why_not_approved(page, approval(review_by="2026-11-20"), TODAY) is None
    assert why_not_approved(page, approval(digest=OTHER), TODAY) is not None


@given(st.sampled_from([DIGEST, OTHER]), st.dates(), st.dates())
def test_only_the_approved_bytes_count_and_only_until_the_review(digest: str, review_by: date, today: date) -> None:
    given_approval = approval(digest=digest, review_by=review_by)
    counts = why_not_approved(template("Words."), given_approval, today) is None
    assert counts == (digest == DIGEST and today <= review_by)


@pytest.mark.parametrize(
    ("wanted", "by", "missing"),
    [
        (["comms"], ["carla"], None),
        (["regulator_liaison", "compliance"], ["ben", "grace"], None),
        (["regulator_liaison", "compliance"], ["ben"], "it needs Compliance"),
        (["regulator_liaison", "compliance"], ["carla"], "it needs Regulator liaison and Compliance"),
        (["comms"], ["nobody_here"], "it needs Communications"),
        (["ml_on_call"], ["maya"], None),
        (["model_owner"], ["sam"], None),
        ([], ["sam"], None),
    ],
)
def test_each_role_that_an_audience_names_must_have_approved(
    wanted: list[str], by: list[str], missing: str | None
) -> None:
    """R117, R122: statements for authorities need the liaison and compliance."""
    audience = Audience(title="Somebody", channel="C0STATUS06", approvers=wanted)
    why = why_not_entitled(template("Words."), approval(approved_by=by), audience, DIRECTORY)
    assert why is None if missing is None else why is not None and missing in why


def test_an_approval_is_said_in_words() -> None:
    words = approval_words(approval(approved_by=["ben", "grace", "gone"]), DIRECTORY)
    assert words == (
        "approved by Ben Adeyemi and Grace O'Neill and gone on 2 November 2026, to be reviewed by 2 November 2027"
    )


# --- which one fits? --------------------------------------------------------------------------------------------------


def test_words_for_this_kind_of_incident_go_before_general_ones() -> None:
    """R119: a library by kind of incident."""
    general, special = template("General."), template("Special.", name="customers/a", incident_types=["chatbot"])
    library = with_library(general, special)[Library]
    assert choose(library, "customers", "initial", "chatbot") is special
    assert choose(library, "customers", "initial", "clinical") is general
    assert choose(library, "customers", "update", "chatbot") is None
    assert choose(library, "partners", "initial", "chatbot") is None


@pytest.mark.parametrize("audience", ["customers", "regulators", "partners", "internal"])
@pytest.mark.parametrize("stage", list(Stage))
def test_every_audience_has_words_for_every_stage(audience: str, stage: str) -> None:
    """R118, R120, R121."""
    assert choose(SHIPPED[Library], audience, stage, "a kind nobody thought of") is not None


@pytest.mark.parametrize(
    ("told", "is_open", "expected"),
    [(set(), True, Stage.INITIAL), ({"initial"}, True, Stage.UPDATE), ({"initial"}, False, Stage.SUMMARY)],
)
def test_the_next_news_is_suggested(told: set[str], is_open: bool, expected: Stage) -> None:
    assert suggested_stage(told, is_open) is expected


def test_pages_may_use_every_fact_and_statements_those_of_their_audience() -> None:
    audience = Audience(title="Customers", channel="C0STATUS06", facts=["users"])
    assert allowed_facts(template("x"), audience) == ["users"]
    assert "deadline" in allowed_facts(template("x", **PAGE), None)
    assert "deadline" not in allowed_facts(template("x"), audience.model_copy(update={"facts": []}))


def test_a_template_is_named_as_people_find_it() -> None:
    assert place(template("x")) == "messages/customers/initial.md.j2"


# --- warnings ---------------------------------------------------------------------------------------------------------


def test_the_shipped_messages_give_no_warning_for_a_year() -> None:
    assert list(warnings(SHIPPED, TODAY)) == []
    assert list(warnings(SHIPPED, date(2027, 10, 1))) == []


def test_a_review_that_is_due_soon_is_announced_with_the_line_of_its_date() -> None:
    found = list(warnings(SHIPPED, date(2027, 10, 10)))
    first = next(problem for problem in found if "customers/initial is" in problem.what)
    assert first.what == "customers/initial is to be reviewed by 2 November 2027"
    line = first.file.read_text().splitlines()[first.line - 1]
    assert "review_by" in line


@pytest.mark.parametrize(
    ("given_approval", "what"),
    [
        (None, "has not been approved"),
        (approval(digest=OTHER), "was edited after it was approved"),
        (approval(review_by="2026-11-20"), "ended on 20 November 2026"),
        (approval(approved_by=["maya"]), "for customers it needs Communications"),
    ],
)
def test_each_template_that_cannot_be_posted_is_warned_of_with_its_digest(given_approval: Any, what: str) -> None:
    approvals = {"customers/initial": given_approval} if given_approval else {}
    found = list(warnings(with_library(template("Words."), approvals=approvals), TODAY))
    assert what in found[0].what
    assert found[0].mend.endswith(DIGEST)


def test_a_missing_message_is_warned_of() -> None:
    found = [problem.what for problem in warnings(with_library(template("Words.")), TODAY)]
    assert "there is no template for customers at the stage update" in found
    assert len(found) == 15
