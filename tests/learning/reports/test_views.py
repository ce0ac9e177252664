"""The report as a document: complete, and inert whatever was written into the record."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.learning.reports import views

AT = "2026-11-21T09:00:00.000000Z"
LATER = "2026-11-21T09:04:30.000000Z"
HOSTILE = "</td><script>alert(1)</script> | a | `b` [x](javascript:x) ![i](http://evil) <!channel> @all\n# H\n---\n```"


def record() -> dict[str, Any]:
    """A record with something in every part."""
    slot = {
        "role": "engineering_lead",
        "title": "Engineering lead",
        "people": ["U0TOMAS004"],
        "deputies": [{"id": "U0PRIYA003", "for": "U0TOMAS004"}],
    }
    vote = {
        "person": "U0PRIYA003",
        "on_behalf_of": "U0TOMAS004",
        "choice": "approve",
        "reason": "safe to undo",
        "at": LATER,
        "round": 1,
    }
    stage = {
        "number": 1,
        "title": "Read it back",
        "outcome": "done",
        "observed": {"version": "7"},
        "finished_at": LATER,
    }
    return {
        "format": 1,
        "exported_at": LATER,
        "incident": {
            "name": "INC-1",
            "title": "Conversion fell",
            "system": "shop-recommender",
            "version": "8",
            "state": "closed",
            "opened_at": AT,
            "opened_by": "U0MAYA0001",
            "acknowledged_at": AT,
            "acknowledged_by": "U0MAYA0001",
            "closed_at": LATER,
            "closed_by": "U0MAYA0001",
            "closing_reason": "it is good again",
            "containment": "version 7 serves",
        },
        "severity": {"now": "medium", "path": [{"question": "Regulated decision?", "answer": "no"}]},
        "impact": {"users": 240000, "downstream": ["Newsletter", "Stock"], "compliance": "No compliance issue."},
        "signals": [
            {
                "received_at": AT,
                "source": "alertmanager",
                "metric": "conversion_rate",
                "value": 1.9,
                "summary": "1.9 %",
                "trigger": "conversion_drop",
                "state": "firing",
            }
        ],
        "escalation": {"now": None, "events": [entry(2, "incident.acknowledged")]},
        "plans": [
            {
                "id": "plan_1",
                "system": "shop-recommender",
                "from_version": "8",
                "to_version": "7",
                "requested_by": "U0MAYA0001",
                "created_at": AT,
                "reason": "conversion fell",
                "target": {"file": "flags.json"},
                "digest": "sha256:abc",
                "steps": [{"number": 1, "words": "Select version 7", "undo": {"words": "Select version 8"}}],
                "executions": [
                    {
                        "state": "done",
                        "detail": "5 of 5 answers from version 7",
                        "started_at": AT,
                        "finished_at": LATER,
                        "stages": [stage],
                    }
                ],
            }
        ],
        "approvals": [
            {
                "summary": "Roll back shop-recommender",
                "requester": "U0MAYA0001",
                "asked_at": AT,
                "reason": "conversion fell",
                "severity": "medium",
                "state": "approved",
                "round": 1,
                "decided_at": LATER,
                "excluded": [],
                "plan_digest": "sha256:abc",
                "policy": "sha256:def",
                "slots": [slot],
                "rounds": [
                    {"round": 1, "votes": [vote], "questions": [{"at": AT, "person": "U0TOMAS004", "text": "Why 7?"}]}
                ],
            }
        ],
        "statements": [
            {
                "posted_at": LATER,
                "audience": "customers",
                "stage": "initial",
                "posted_by": "U0CARLA016",
                "channel": "C0STATUS06",
                "template": "customers/initial",
                "template_digest": "sha256:123",
                "text": "We see a problem.\n*Sorry.*",
            }
        ],
        "milestones": [
            {"what": "opened", "at": AT, "about": "INC-1", "seconds_since_previous": 0.0, "seconds_since_opened": 0.0},
            {
                "what": "closed",
                "at": LATER,
                "about": "INC-1",
                "seconds_since_previous": 270.0,
                "seconds_since_opened": 270.0,
            },
        ],
        "policies": [{"kind": "Matrix", "digest": "sha256:def", "first_seen_at": AT, "recorded_in": 7}],
        "configurations": [{"seq": 7, "at": AT, "by": "ops", "version": "1.2.3", "changed": ["raci.yaml"]}],
        "people": {"U0MAYA0001": "Maya Lindqvist", "U0TOMAS004": "Tomás Ferreira", "U0PRIYA003": "Priya Raman"},
        "trail": [entry(1, "incident.opened"), entry(2, "incident.acknowledged")],
    }


def entry(seq: int, action: str) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": AT,
        "actor": "person:U0MAYA0001",
        "name": "Maya Lindqvist",
        "on_behalf_of": None,
        "action": action,
        "why": "she saw it",
        "facts": {"severity": "medium"},
        "mac": f"{seq:064x}",
    }


def rendered(text: str) -> str:
    """What a reader's program makes of it."""
    return str(MarkdownIt("commonmark").enable("table").render(text))


def shape(text: str) -> list[str]:
    """Everything a document consists of, without its words."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [
        child.type for token in tokens for child in token.children or [] if child.type not in ("text", "softbreak")
    ]
    return [token.type for token in tokens] + inline


def poisoned(value: Any, poison: str) -> Any:
    """The same record with poison at the end of every text that somebody could have written."""
    kept = {"at", "exported_at", "seq", "mac", "number", "round", "format", "people", "id"}
    if isinstance(value, dict):
        return {
            key: inner if key in kept or key.endswith("_at") else poisoned(inner, poison)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [poisoned(inner, poison) for inner in value]
    return value + poison if isinstance(value, str) else value


@pytest.mark.parametrize(
    "words",
    [
        "INC-1: Conversion fell",
        "Regulated decision? no → medium",
        "No compliance issue.",
        "Newsletter, Stock",
        "conversion_rate",
        "Maya Lindqvist",
        "Priya Raman",
        "Tomás Ferreira",
        "safe to undo",
        "Why 7?",
        "Select version 8",
        "5 of 5 answers from version 7",
        "sha256:abc",
        "sha256:def",
        "We see a problem.\n*Sorry.*",
        "0:04:30",
        f"{2:064x}",
    ],
)
def test_everything_stands_in_the_document(words: str) -> None:
    """R103, R106, R109, R110: context, signals, who acknowledged, what was decided and done, containment, the trail."""
    html = rendered(views.markdown(record()))
    assert words.replace("&", "&amp;") in html


def test_a_deputy_s_vote_names_both() -> None:
    """R104: who did what, for whom, when and why, in one row."""
    html = rendered(views.markdown(record()))
    row = next(line for line in html.split("<tr>") if "approve</td>" in line and "safe to undo" in line)
    cells = [cell.split("</td>")[0] for cell in row.split("<td>")[1:]]
    assert cells == ["2026-11-21 09:04:30", "Priya Raman", "Tomás Ferreira", "approve", "safe to undo"]


def test_hostile_text_changes_nothing_but_words() -> None:
    text = views.markdown(poisoned(record(), HOSTILE))
    assert shape(text) == shape(views.markdown(record()))
    html = rendered(text)
    assert "<script" not in html
    assert "<a " not in html
    assert "<img" not in html


@given(st.text(alphabet=st.sampled_from("|<>`*_[]()\\!#-+=~&;:/@w. \n\r\t\"'a1\u2028\u202e{}"), max_size=40))
def test_no_text_changes_the_shape(poison: str) -> None:
    assert shape(views.markdown(poisoned(record(), "x" + poison + "x"))) == shape(views.markdown(record()))


@given(st.text(alphabet=st.sampled_from("|<>`*_[]()\\!#-+=~&;:/@ab."), min_size=1, max_size=40))
def test_a_cell_shows_what_was_written(text: str) -> None:
    html = rendered(views.table(["a"], [(f"x{text}x",)]))
    shown = html.split("<td>")[1].split("</td>")[0]
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        shown = shown.replace(name, sign)
    assert shown == f"x{text}x"


@given(st.text(alphabet="`~\na ", max_size=60))
def test_a_fence_cannot_be_closed_from_inside(text: str) -> None:
    tokens = MarkdownIt("commonmark").parse(views.fence(text))
    assert [token.type for token in tokens] == ["fence"]


@pytest.mark.parametrize("url", ["http://evil.example", "https://evil.example", "www.evil.example", "mailto:a@b.c"])
def test_addresses_do_not_become_links(url: str) -> None:
    """Programs that link bare addresses need the very characters that are escaped here."""
    assert url not in views.safe(url)


def test_an_export_as_json_does_nothing_to_a_terminal() -> None:
    """F9, T15: 0x9b begins a command for a terminal as ESC does."""
    export = record() | {"said": "\x9b31m\x1b[2J\u202e Tomás"}
    assert views.as_json(export).isascii()
    assert views.as_json(export).replace("\n", "").isprintable()
    assert json.loads(views.as_json(export)) == export


def test_an_empty_record_says_so() -> None:
    empty = copy.deepcopy(record())
    for part in ("signals", "plans", "approvals", "statements", "policies", "configurations", "trail"):
        empty[part] = []
    assert views.markdown(empty).count(views.NOTHING) == 7


def test_a_plan_that_was_not_carried_out_says_so() -> None:
    changed = record()
    changed["plans"][0]["executions"] = []
    assert "It was not carried out." in views.markdown(changed)


def test_an_action_for_somebody_names_both() -> None:
    changed = record()
    changed["trail"][0]["on_behalf_of"] = "U0TOMAS004"
    assert "Maya Lindqvist, for Tomás Ferreira" in views.markdown(changed)
