"""What keeps Backout from starting, and what does not."""

from pathlib import Path
from typing import Any

import pytest

from bot.comms.models import CommsPolicy, Library, Template
from bot.comms.rules import checks
from bot.foundation.config import Config, fit, read
from tests.comms.desk import SHIPPED, approval, template, with_library

OTHER = "sha256:" + "1" * 64


def _found(config: Config) -> list[str]:
    return [problem.what for problem in checks(config)]


def test_what_is_shipped_has_no_mistake() -> None:
    assert _found(SHIPPED) == []


@pytest.mark.parametrize(
    ("each", "what"),
    [
        (template("x", audience="customer"), "“customer” is no audience of comms.yaml"),
        (template("x", stage="first"), "“first” is no stage"),
        (template("x", stage="page"), "a page is for responders, not for “customers”"),
        (template("{{ version }}"), "“version” is not a fact for these readers"),
        (template("{{ nonsense }}"), "“nonsense” is no fact"),
        (template("{% if %}"), "this cannot be read"),
    ],
)
def test_a_template_that_cannot_be_used_is_a_mistake(each: Template, what: str) -> None:
    (found,) = _found(with_library(each))
    assert found.startswith(what)


def test_a_mistake_in_the_front_matter_is_named_with_its_line() -> None:
    each = template("x", audience="customer", lines={"audience": 2, "stage": 3})
    (problem,) = checks(with_library(each))
    assert (problem.file, problem.line) == (each.file, 2)
    assert problem.mend == "the audiences are customers, regulators, partners, internal"


@pytest.mark.parametrize("approvals", [{}, {"customers/initial": approval(digest=OTHER)}])
def test_an_edited_or_unapproved_statement_does_not_keep_backout_from_starting(approvals: Any) -> None:
    """R158: people edit messages; the rest must go on working."""
    assert _found(with_library(template("Words."), approvals=approvals)) == []


@pytest.mark.parametrize("approvals", [{}, {"page/tier-1": approval(digest=OTHER)}])
def test_an_edited_or_unapproved_page_does(approvals: Any) -> None:
    """A page that could not be sent must be found out at the desk, not at night."""
    page = template("Words.", name="page/tier-1", stage="page", audience="responders")
    (found,) = _found(with_library(page, approvals=approvals))
    assert found.startswith("this page is not approved as it stands")


def test_an_approval_of_nothing_and_one_that_ends_before_it_begins_are_mistakes() -> None:
    approvals = {"customers/gone": approval(), "customers/initial": approval(review_by="2026-01-01")}
    assert sorted(_found(with_library(template("Words."), approvals=approvals))) == [
        "the approval of customers/initial ends before it begins",
        "there is no template customers/gone, but it is approved",
    ]


def test_two_templates_for_the_same_moment_are_a_mistake() -> None:
    one, two = template("One."), template("Two.", name="customers/other")
    assert _found(with_library(one, two)) == [
        "messages/customers/initial.md.j2 is for the same audience, stage and kind of incident"
    ]
    apart = two.model_copy(update={"incident_types": ["chatbot"]})
    assert _found(with_library(one, apart)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("may_post: [comms]", "may_post: [coms]", "“coms” is no role of people.yaml"),
        ("approvers: [comms]", "approvers: [coms]", "“coms” is no role of people.yaml"),
        ("may_post: [regulator_liaison]", "may_post: [liaison]", "“liaison” is no role of people.yaml"),
        ("facts: [incident, system_title, state", "facts: [incident, sytem", "“sytem” is no fact"),
        (
            "facts: [incident, system_title, state",
            "facts: [incident, summary, state",
            "“summary” is free text or names",
        ),
        ("    approvers: [comms]\n  regulators:", "  regulators:", "customers are outside the company, and nobody has"),
        ('  initial: "First news: we know of it"\n', "", "the stage initial has no words"),
    ],
)
def test_each_mistake_in_the_policy_is_named_with_its_line(tmp_path: Path, right: str, wrong: str, words: str) -> None:
    """R124, R158, R179: free text and names cannot reach readers outside, by configuration either."""
    text = Path("config/comms.yaml").read_text()
    assert right in text
    file = tmp_path / "comms.yaml"
    file.write_text(text.replace(right, wrong, 1))
    document = read(file)
    edited = fit(document, CommsPolicy)
    empty = Library(templates={}, approvals={})
    config = Config(
        {**SHIPPED._sections, CommsPolicy: edited, Library: empty},
        {**SHIPPED._documents, CommsPolicy: document},
    )
    found = [problem for problem in checks(config) if words in problem.what]
    assert len(found) == 1
    assert found[0].file == file
    assert found[0].line > 1


def test_an_external_audience_without_facts_is_a_mistake() -> None:
    policy = SHIPPED[CommsPolicy]
    customers = policy.audiences["customers"].model_copy(update={"facts": []})
    audiences = {**policy.audiences, "customers": customers}
    config = SHIPPED.replace(policy.model_copy(update={"audiences": audiences}))
    assert any("nothing says which facts they may hear" in what for what in _found(config))
