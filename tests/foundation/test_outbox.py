"""What can leave a Work, as it is asked for and as it is built."""

from collections.abc import Callable

import pytest
from sqlmodel import col, select

from bot.foundation import outbox
from bot.foundation.blocks import Markup, as_dicts
from bot.foundation.db import Store
from bot.foundation.models import OutboxRow, OutboxState, Posted
from bot.foundation.outbox import Effect, Kinds, Post, Sweep, Whisper
from bot.foundation.work import Actor, Lane, Work

MAYA = Actor("person", "U0MAYA0001", "Maya")


def ask(store: Store, verb: Callable[[Work], object]) -> list[OutboxRow]:
    store.submit_now(MAYA, verb)
    return store.read_now(
        lambda reading: list(reading.session.exec(select(OutboxRow).order_by(col(OutboxRow.sequence))))
    )


def test_a_whisper_goes_first_and_is_escaped(sqlite_store: Store) -> None:
    (row,) = ask(sqlite_store, lambda work: outbox.whisper(work, "C1", "U1", "<!channel>"))
    assert (row.kind, row.lane) == ("foundation.whisper", Lane.DECISION)
    built = sqlite_store.read_now(outbox.build_whisper, row.payload)
    assert isinstance(built, Whisper)
    assert (built.channel, built.person, built.message.fallback) == ("C1", "U1", "&lt;!channel&gt;")


def test_each_whisper_and_each_note_is_one_of_its_own(sqlite_store: Store) -> None:
    def verb(work: Work) -> None:
        for _ in range(2):
            outbox.whisper(work, "C1", "U1", "same")
            outbox.note(work, "C1", "INC-1", "same")

    assert len(ask(sqlite_store, verb)) == 4


def test_a_note_stands_in_its_cards_thread_word_for_word(sqlite_store: Store) -> None:
    text = Markup("*Maya* &lt;acknowledged&gt;")
    (row,) = ask(sqlite_store, lambda work: outbox.note(work, "C1", "INC-1", text))
    assert (row.kind, row.lane) == ("foundation.note", Lane.NOTE)
    built = sqlite_store.read_now(outbox.build_note, row.payload)
    assert isinstance(built, Post)
    assert (built.channel, built.thread_of, built.frozen) == ("C1", "card:INC-1", True)
    assert built.message.fallback == text
    assert as_dicts(built.message.blocks)[0]["text"]["text"] == text


def test_an_announcement_is_made_once_under_its_key(sqlite_store: Store) -> None:
    def verb(work: Work) -> None:
        outbox.announce(work, "C1", "parked:1", "Given up: <x>")

    ask(sqlite_store, verb)
    (row,) = ask(sqlite_store, verb)
    built = sqlite_store.read_now(outbox.build_announcement, row.payload)
    assert (built.channel, built.thread_of, built.frozen) == ("C1", None, True)
    assert built.message.fallback == "Given up: &lt;x&gt;"


def test_a_card_is_asked_for_by_its_subject(sqlite_store: Store) -> None:
    (row,) = ask(sqlite_store, lambda work: outbox.refresh_card(work, "INC-1"))
    assert (row.kind, row.key, row.lane) == ("incidents.card", "card:INC-1", Lane.CARD)
    assert row.payload == {"incident": "INC-1"}


def test_a_home_is_refreshed_only_for_those_who_ever_opened_it(sqlite_store: Store) -> None:
    assert ask(sqlite_store, lambda work: outbox.refresh_home(work, "U1")) == []
    sqlite_store.submit_now(MAYA, lambda work: work.session.add(Posted(key="home:U1", channel="", ts="", content="x")))
    (row,) = ask(sqlite_store, lambda work: outbox.refresh_home(work, "U1"))
    assert (row.kind, row.key, row.payload) == ("people.home", "home:U1", {"person": "U1"})


@pytest.mark.parametrize(("kind", "known"), [("a.message", True), ("a.step", True), ("a.effect", True), ("a.x", False)])
def test_kinds_know_what_they_hold(kind: str, known: bool) -> None:
    async def act(_payload: object, _key: str) -> dict[str, object]:
        return {}

    kinds = Kinds(
        {"a.message": outbox.build_note},
        {"a.step": lambda _work, _payload: None},
        {"a.effect": Effect(act, lambda _work, _payload, _outcome: None)},
        (Sweep("a.x", lambda _reading: None, lambda _work: 0),),
    )
    assert (kind in kinds) is known


def test_what_has_become_pointless_is_withdrawn_once(store: Store) -> None:
    """P7: a message that Slack has not taken; one that stands already is left alone."""

    def want(work: Work) -> None:
        work.enqueue("card", "card:INC-1", {})

    store.submit_now(MAYA, want)
    assert [store.submit_now(MAYA, outbox.withdraw, "card:INC-1") for _ in range(2)] == [True, False]
    row = store.read_now(lambda reading: reading.session.exec(select(OutboxRow)).one())
    assert (row.state, row.served, row.error) == (OutboxState.DONE, row.wanted, "withdrawn")
