from typing import Any, cast

import pytest

from bot.foundation.errors import Refusal
from bot.foundation.router import Answer, Command, Router, Sent, together


def handler(*_given: object) -> Answer:
    return None


def event(*_given: object) -> None:
    return None


def full() -> Router:
    router = Router()
    assert router.button("a")(handler) is handler
    router.form("b")(handler)
    router.command("/c")(handler)
    router.shortcut("d")(handler)
    router.event("e")(event)
    return router


def test_each_kind_of_gesture_has_a_table_of_its_own() -> None:
    router = full()
    assert (list(router.buttons), list(router.forms), list(router.commands)) == (["a"], ["b"], ["/c"])
    assert (list(router.shortcuts), list(router.events)) == (["d"], ["e"])
    router.form("a")(handler)  # the same name for another kind is another gesture


def test_a_gesture_is_answered_once() -> None:
    router = full()
    for again in (router.button("a"), router.form("b"), router.command("/c"), router.shortcut("d")):
        with pytest.raises(ValueError, match="is answered twice"):
            again(handler)
    with pytest.raises(ValueError, match="e is answered twice"):
        router.event("e")(event)


def test_routers_come_together_unless_two_answer_the_same() -> None:
    other = Router()
    other.button("z")(handler)
    one = together([full(), other])
    assert list(one.buttons) == ["a", "z"]
    assert one.events == {"e": event}
    with pytest.raises(ValueError, match="is answered twice"):
        together([full(), full()])


def test_a_subcommand_is_answered_before_the_command_itself() -> None:
    heard: list[tuple[str, str]] = []
    router = Router()
    router.command("/c")(lambda command, _work: heard.append((command.text, command.offered[0].word)))
    router.subcommand("/c", "status", "[name]", "lists")(lambda command, _work: heard.append((command.text, "")))
    for text in ("STATUS  of things ", "other", ""):
        router.answer(Command("/c", text, "C1"), cast(Any, None))
    assert heard == [("of things", ""), ("other", "status"), ("", "status")]
    with pytest.raises(ValueError, match="/c status is answered twice"):
        router.subcommand("/c", "status", "", "")(handler)


def test_what_was_sent_is_texts_and_whole_numbers() -> None:
    sent = Sent({"incident": "INC-1", "round": 2, "note": ""})
    assert (sent["incident"], sent.number("round"), sent["note"]) == ("INC-1", 2, "")
    assert (sent.get("incident"), sent.get("other"), sent.get("other", "x")) == ("INC-1", None, "x")
    assert sent == {"incident": "INC-1", "round": 2, "note": ""}


@pytest.mark.parametrize("odd", [None, True, 1.5, [], {}, "\0", "\ud800", 2**53, -(2**63)])
def test_whatever_else_was_sent_counts_as_missing(odd: Any) -> None:
    """F7: asking for it is a refusal, said to whoever acted, and no defect."""
    sent = Sent({"value": odd})
    assert sent == {}
    assert sent.get("value") is None
    for ask in (lambda: sent["value"], lambda: sent.number("value"), lambda: Sent({"value": 7})["value"]):
        with pytest.raises(Refusal, match="older version of Backout"):
            ask()
    with pytest.raises(Refusal):
        Sent({"value": "7"}).number("value")
