"""Who waits in which line: a look reads what can go, not what waits, and gives the same answer on either database."""

from dataclasses import dataclass

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from bot.foundation.db import Store
from bot.foundation.models import OutboxRow
from bot.foundation.sender.delivery import Destination
from bot.foundation.sender.lines import LOT, Lines, stand_in
from bot.foundation.work import Lane, Reading, Work
from tests.foundation.sender.conftest import CREDIT, MAYA, SHOP, Desk

KINDS = ("card",)
PLACES = (SHOP, CREDIT, "home:U1")


@dataclass
class Read:
    """How many rows of the outbox were read."""

    rows: int = 0


def flood(work: Work, times: int) -> None:
    for number in range(times):
        work.enqueue("card", f"card:{number}", {"key": f"card:{number}", "channel": SHOP}, lane=Lane(number % 4))


def place_all(work: Work) -> None:
    rows = work.session.exec(select(OutboxRow)).all()
    stand_in(work, [(row, Destination(PLACES[int(row.key[5:]) // 4 % 3])) for row in rows])


def test_the_first_of_each_line_is_the_most_urgent_and_then_the_oldest(store: Store) -> None:
    store.submit_now(MAYA, flood, 40)
    assert len(store.read_now(lambda reading: Lines(reading, KINDS, ()).new(50))) == 40
    store.submit_now(MAYA, place_all)
    heads = store.read_now(lambda reading: Lines(reading, KINDS, ()).heads())
    assert {row.place: row.key for row in heads} == {SHOP: "card:0", CREDIT: "card:4", "home:U1": "card:8"}
    assert store.read_now(lambda reading: Lines(reading, KINDS, ()).new(50)) == []
    others = store.read_now(lambda reading: Lines(reading, KINDS, [row.id for row in heads]).heads())
    assert {row.place: row.key for row in others} == {SHOP: "card:12", CREDIT: "card:16", "home:U1": "card:20"}


@pytest.mark.parametrize("free_for", [0, 1, LOT, LOT + 3, 4 * LOT])
def test_a_line_is_gone_through_in_order_while_its_place_is_free(store: Store, free_for: int) -> None:
    store.submit_now(MAYA, flood, 9 * LOT)
    store.submit_now(MAYA, place_all)

    def go_through(reading: Reading) -> list[OutboxRow]:
        (head,) = (row for row in Lines(reading, KINDS, ()).heads() if row.place == SHOP)
        gone = list[OutboxRow]()
        for row in Lines(reading, KINDS, ()).line(head, lambda _place: len(gone) < free_for):
            gone.append(row)
        return gone

    found = store.read_now(go_through)
    everyone = select(OutboxRow).where(OutboxRow.place == SHOP).order_by(col(OutboxRow.lane), col(OutboxRow.sequence))
    assert [row.key for row in found] == [
        row.key for row in store.read_now(lambda reading: reading.session.exec(everyone).all())[:free_for]
    ]


async def test_a_look_reads_what_can_go_however_many_wait(desk: Desk) -> None:
    """F4: 300 messages wait for one channel; each look reads a few of them."""
    desk.store.submit_now(MAYA, flood, 300)
    for _ in range(3):
        await desk.once()
    read = Read()

    def loaded(*_given: object) -> None:
        read.rows += 1

    event.listen(OutboxRow, "load", loaded)
    try:
        desk.clock.pass_time(seconds=1)
        desk.store.read_now(desk.sender._look)
    finally:
        event.remove(OutboxRow, "load", loaded)
    assert 1 <= read.rows <= 2


async def test_a_message_wanted_anew_stands_in_the_line_of_where_it_goes_now(any_desk: Desk) -> None:
    desk = any_desk
    desk.show("card:0", "first")
    desk.show("card:1", "waits")
    await desk.once()
    assert desk.row("card:1").place == SHOP
    desk.want("card:1", CREDIT)
    await desk.once()
    assert desk.only(CREDIT).text == "waits"


def test_what_was_wanted_anew_since_it_was_read_stands_in_no_line(store: Store) -> None:
    store.submit_now(MAYA, flood, 1)
    (read,) = store.read_now(lambda reading: reading.session.exec(select(OutboxRow)).all())
    store.submit_now(MAYA, flood, 1)
    store.submit_now(MAYA, stand_in, [(read, Destination(SHOP))])
    (row,) = store.read_now(lambda reading: reading.session.exec(select(OutboxRow)).all())
    assert row.place == ""
