"""What leaves by a fallback route is plain text, and its configuration makes sense."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.comms import rules
from bot.comms.models import FallbackPolicy
from bot.comms.rules.fallback import LONGEST_LINE, body, one_line
from bot.foundation.blocks import Markup, escape, mention, moment, mrkdwn
from bot.foundation.config import Config
from bot.people.models import Directory
from tests.comms.desk import SHIPPED
from tests.support.clock import MORNING
from tests.support.mail import with_addresses

MAIL = {"kind": "smtp", "name": "mail", "host": "smtp.example.com", "sender": "backout@example.com"}
FILE = {"kind": "file", "name": "file", "path": "fallback.jsonl"}


def test_a_message_is_readable_without_slack() -> None:
    text = mrkdwn(
        "{who}: approve by {when} <https://example.com|the card> {said}",
        who=mention("U0MAYA0001"), when=moment(MORNING), said=escape("1 < 2 & <@U0X>"),
    )  # fmt: skip
    shown = rules.readable(text, {"U0MAYA0001": "Maya Lindqvist"})
    assert shown == "Maya Lindqvist: approve by 2026-11-21 09:00 UTC the card 1 < 2 & <@U0X>"


@given(st.text())
def test_no_text_makes_a_second_line_of_a_header(text: str) -> None:
    """F9."""
    line = one_line(text)
    assert len(line) <= LONGEST_LINE
    assert len(line.splitlines()) <= 1


def test_no_text_begins_an_encoded_word_of_a_header() -> None:
    """F9: cut to a header's length it would be half of one, which a mail program may read as anything."""
    assert one_line("x =?utf-8?b?PGE+?=") == "x = ?utf-8?b?PGE+?="


def test_an_email_says_why_it_comes_and_that_it_decides_nothing() -> None:
    letters = [("2026-11-21T09:00:00+00:00", "one"), ("2026-11-21T09:05:00+00:00", "two")]
    text = body("2026-11-21T08:58:00+00:00", letters)
    assert "since 2026-11-21 08:58 UTC" in text
    assert "decisions are made in Slack only" in text
    assert text.index("--- 2026-11-21 09:00 UTC ---\none") < text.index("--- 2026-11-21 09:05 UTC ---\ntwo")


@pytest.mark.parametrize(
    ("incidents", "said"),
    [
        (["INC-1"], "INC-1"),
        (["INC-1", "INC-1", "INC-2"], "INC-1 and INC-2"),
        (["INC-1", "INC-2", "INC-3"], "INC-1, INC-2 and INC-3"),
        ([f"INC-{number}" for number in range(12)], ", ".join(f"INC-{number}" for number in range(10)) + " and 2 more"),
    ],
)
def test_incidents_are_named_once_and_not_without_end(incidents: list[str], said: str) -> None:
    assert rules.named(incidents) == said


def configured(*routes: dict[str, Any], **more: Any) -> Config:
    return SHIPPED.replace(FallbackPolicy.model_validate({"routes": list(routes), **more}))


@pytest.mark.parametrize(
    ("config", "what"),
    [
        (configured(MAIL, FILE), None),
        (configured(after="PT0S"), "after leaves no time"),
        (configured(FILE, FILE), "a second route is called “file”"),
        (configured({**MAIL, "people": ["nobody"]}), "“nobody” is not one of the people"),
        (configured({**MAIL, "roles": ["nothing"]}), "“nothing” is not a role of people.yaml"),
        (configured({**MAIL, "user": "x", "security": "none"}), "the password would cross the network in the clear"),
    ],
)
def test_what_cannot_work_is_found_before_it_is_needed(config: Config, what: str | None) -> None:
    assert [problem.what for problem in rules.fallback_checks(config)] == ([what] if what else [])


@pytest.mark.parametrize(
    "sender", ["nobody", "a@b@c", "a b@c", "a@b\r\nBcc: x@y", "<a@b>", "a,b@c", "a@b c", '"a"@b', ""]
)
def test_an_address_that_a_header_could_not_hold_is_refused(sender: str) -> None:
    with pytest.raises(ValueError, match="sender"):
        configured({**MAIL, "sender": sender})


def test_who_could_not_be_reached_is_said_if_there_is_a_route_that_needs_addresses() -> None:
    assert list(rules.unreachable(configured(FILE), date(2026, 11, 21))) == []
    found = list(rules.unreachable(configured(MAIL), date(2026, 11, 21)))
    assert len(found) == len(SHIPPED[Directory].people)
    assert "maya has no e-mail address" in found[0].what
    known = configured(MAIL).replace(with_addresses(SHIPPED[Directory]))
    assert list(rules.unreachable(known, date(2026, 11, 21))) == []
    assert rules.readable(Markup("x"), {}) == "x"
