import pytest

from bot.foundation.router import Answer, Router, together


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
