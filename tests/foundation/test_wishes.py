"""What a Work wants leaves it in one go, however much that is (what a single wish becomes: `test_work.py`)."""

from datetime import timedelta

from sqlmodel import col, select

from bot.foundation.db import Store
from bot.foundation.models import OutboxRow
from bot.foundation.wishes import Wish
from bot.foundation.work import Actor, Lane, Work
from tests.support.clock import MORNING
from tests.support.statements import statements_of

BACKOUT = Actor("system", "test", "Backout")


def want(work: Work, count: int) -> None:
    for number in range(count):
        work.enqueue("card", f"card:INC-{number}", {"n": number})


def test_the_newer_words_at_the_more_urgent_time() -> None:
    first = Wish("card:INC-1", "card", {"n": 1}, Lane.CARD, MORNING)
    second = Wish("card:INC-1", "newer", {"n": 2}, Lane.PAGE, MORNING + timedelta(hours=1))
    assert first.again(second) == Wish("card:INC-1", "newer", {"n": 2}, Lane.PAGE, MORNING)
    assert second.again(first) == Wish("card:INC-1", "card", {"n": 1}, Lane.PAGE, MORNING)


def test_what_is_wanted_only_if_posted_may_be_wanted_anyhow_too() -> None:
    home = Wish("home:U1", "home", {}, Lane.NOTE, MORNING, if_posted=True)
    anyhow = Wish("home:U1", "home", {}, Lane.NOTE, MORNING)
    assert [a.again(b).if_posted for a, b in ((home, home), (home, anyhow), (anyhow, home))] == [True, False, False]


def test_many_wishes_take_as_many_statements_as_one_and_keep_their_order(sqlite_store: Store) -> None:
    counts = []
    for many in (1, 500):
        with statements_of(sqlite_store.writer) as said:
            sqlite_store.submit_now(BACKOUT, want, many)
        counts.append(len(said))
    assert counts[0] == counts[1]
    keys = sqlite_store.read_now(
        lambda r: r.session.exec(select(OutboxRow.key).order_by(col(OutboxRow.sequence))).all()
    )
    assert keys == [f"card:INC-{number}" for number in range(500)]


def test_a_part_that_fails_takes_its_wishes_with_it(sqlite_store: Store) -> None:
    def verb(work: Work) -> None:
        work.enqueue("card", "card:INC-1", {"n": 1})
        try:
            with work.savepoint():
                work.enqueue("card", "card:INC-1", {"n": 2})
                work.enqueue("card", "card:INC-2", {"n": 2})
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    sqlite_store.submit_now(BACKOUT, verb)
    rows = sqlite_store.read_now(lambda r: r.session.exec(select(OutboxRow)).all())
    assert [(row.key, row.payload) for row in rows] == [("card:INC-1", {"n": 1})]
