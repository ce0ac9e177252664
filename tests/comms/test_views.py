"""What preparing a statement looks like."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.comms import views
from bot.comms.models import CommsPolicy, Stage, Statement
from bot.comms.rules import LONGEST_TEXT, Preview, Telling
from bot.foundation.blocks import Section, as_dicts, escape, visible_text
from tests.comms.desk import SHIPPED, template
from tests.support.clock import MORNING

POLICY = SHIPPED[CommsPolicy]
TELLING = Telling("INC-42", "customers", "initial")
SUBJECTS = [("INC-42", "Support bot 42")]


def _preview(**more: Any) -> Preview:
    given_parts = {
        "subjects": SUBJECTS,
        "template": template("x", guidance=["Mind the names."]),
        "approval": "approved by Carla",
        "text": escape("We are on it.\n\nReference: INC-42"),
    }
    return Preview(TELLING, **{**given_parts, **more})


def _shown(preview: Preview, **more: Any) -> tuple[dict[str, Any], str]:
    view = views.form(preview, POLICY, **more).to_dict()
    return view, visible_text(view["blocks"])


def _said(audience: str = "customers", **more: Any) -> Statement:
    given_parts = {
        "id": "said_1", "subject": "INC-42", "template": "customers/initial", "number": 1, "template_digest": "",
        "audience": audience, "stage": "initial", "channel": "C0STATUS06", "text": "We are on it.",
        "posted_by": "U0CARLA016", "posted_at": MORNING,
    }  # fmt: skip
    return Statement(**{**given_parts, **more})


def test_the_form_shows_the_choices_the_words_and_who_approved_them() -> None:
    """R118, R124, R179: approval and guidance stand beside the words."""
    view, text = _shown(_preview())
    assert view["submit"]["text"] == "Post to #customer-status"
    labels = [block["label"]["text"] for block in view["blocks"] if block["type"] == "input"]
    assert labels == ["About which incident?", "Who is told?", "Which news?", "Text to copy"]
    for words in ("*A title*, for #customer-status", "approved by Carla", ">We are on it.\n>\n>Reference", "Mind the"):
        assert words in text


def test_the_text_can_be_copied_as_people_read_it() -> None:
    view, _text = _shown(_preview(text=escape("Q&A <soon>")))
    field = view["blocks"][-1]
    assert field["element"]["initial_value"] == "Q&A <soon>"
    assert field["element"]["multiline"] is True
    assert field["optional"] is True


def test_another_text_is_another_field() -> None:
    """Slack keeps what a field holds as long as its id stays the same."""
    one, _ = _shown(_preview())
    two, _ = _shown(_preview(text=escape("Other words.")))
    assert one["blocks"][-1]["block_id"] != two["blocks"][-1]["block_id"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"why_not": "It was edited.", "text": None}, "*This cannot be posted now.* It was edited."),
        ({"not_yours": "Posting this is up to Carla."}, "Posting this is up to Carla."),
        ({"why_not": "Posted already."}, "*This cannot be posted now.* Posted already."),
    ],
)
def test_what_cannot_be_posted_has_no_post_button_and_says_why(more: dict[str, Any], words: str) -> None:
    """R117: no way to post what is not approved, by whom it must not be posted."""
    view, text = _shown(_preview(**more))
    assert view["submit"]["text"] == "Check again"
    assert words in text
    assert views.seen(_preview(**more)) == ""


def test_without_incidents_the_form_says_so() -> None:
    view, text = _shown(Preview(Telling("", "", "")))
    assert "no incident is open" in text
    assert "submit" not in view


def test_a_notice_stands_on_top() -> None:
    view, text = _shown(_preview(), notice="The facts have changed.")
    assert text.startswith("⚠️ The facts have changed.")
    assert view["blocks"][0]["type"] == "section"


def test_a_long_channel_name_does_not_break_the_button() -> None:
    customers = POLICY.audiences["customers"].model_copy(update={"channel_name": "a-very-long-channel-name"})
    policy = POLICY.model_copy(update={"audiences": {**POLICY.audiences, "customers": customers}})
    submit = views.form(_preview(), policy).submit
    assert submit is not None
    assert submit.text == "Post"


@given(st.text(max_size=LONGEST_TEXT), st.integers(1, 120), st.text(max_size=200))
def test_the_form_stays_within_slacks_limits(words: str, size: int, title: str) -> None:
    text = escape(words)[:LONGEST_TEXT]
    preview = _preview(text=escape(str(text)), subjects=[(f"INC-{number}", title) for number in range(size)])
    view = views.form(preview, POLICY).to_dict()
    assert len(view["blocks"]) <= 100
    assert len(view["private_metadata"]) <= 3000
    for block in view["blocks"]:
        if block["type"] == "section":
            assert len(block["text"]["text"]) <= 3000
        if block["type"] == "input" and block["element"]["type"] == "static_select":
            assert 1 <= len(block["element"]["options"]) <= 100
            assert all(len(option["text"]["text"]) <= 75 for option in block["element"]["options"])


def test_the_stages_are_offered_in_words() -> None:
    """R121."""
    view, _text = _shown(_preview())
    stages = next(block for block in view["blocks"] if block.get("block_id") == views.STAGE)
    assert [option["value"] for option in stages["element"]["options"]] == list(Stage)
    assert stages["element"]["initial_option"]["text"]["text"] == "First news: we know of it"


def test_a_statement_is_posted_as_it_was_kept() -> None:
    """What was escaped when it was made is not escaped again."""
    message = views.message("Q&amp;A")
    assert message.fallback == "Q&amp;A"
    assert as_dicts(message.blocks)[0]["text"]["text"] == "Q&amp;A"


def test_whoever_posted_is_told_where() -> None:
    assert "#customer-status" in views.posted(_said(), POLICY)


def test_the_card_says_who_was_told_what_last() -> None:
    """R125, R160: everybody sees who knows what."""
    later = MORNING + timedelta(hours=1)
    said = [_said(), _said("partners"), _said("gone"), _said(stage="update", posted_at=later)]
    part = views.card(said, POLICY)
    text = visible_text(as_dicts(part.blocks))
    assert text.startswith("📣 Told · Customers: update, <!date^")
    assert "Partners: initial" in text
    assert "gone: initial" in text


def test_a_card_of_which_nobody_was_told_has_no_such_part() -> None:
    assert views.card([], POLICY) == Section()
