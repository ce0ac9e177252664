"""What happens on a few days, and how it is checked."""

from typing import Any

import sqlalchemy

from bot.foundation import trail
from bot.foundation.db import Store
from bot.foundation.work import Actor, Work
from tests.support.clock import VirtualClock
from tests.support.stores import TRAIL_KEY

MAYA = Actor("person", "U0MAYA0001", "Maya")
DAYS, A_DAY = 3, 10
OPEN = 2
LAST = DAYS * A_DAY


def note(work: Work, subject: str, why: str) -> None:
    work.record("incident.noted", subject, why=why, number=7)


def seal(work: Work) -> int | None:
    made = trail.seal(work.session, work.trail_key, work.now)
    return made.seq if made else None


def live_through(store: Store, clock: VirtualClock) -> None:
    """Three days, ten entries each, sealed after five and after ten; on the last day only after five and eight.

    Five entries at nine, five at ten; what is sealed in between, is at ten.
    """
    for day in range(DAYS):
        for number in range(1, A_DAY + 1):
            store.submit_now(MAYA, note, f"INC-{number % 3}", f"because {number}")
            clock.pass_time(hours=1 if number == A_DAY // 2 else 0)
            if number == A_DAY // 2 or (day == DAYS - 1 and number == A_DAY - OPEN):
                store.submit_now(MAYA, seal)
        clock.pass_time(hours=23 if day < DAYS - 1 else 0)


def checked(store: Store, keys: trail.Keyring | None = None, **options: Any) -> trail.Report:
    return store.read_now(lambda reading: trail.check(trail.DatabaseSource(reading.session, batch=7), keys, **options))


def first_key() -> trail.Keyring:
    return trail.Keyring(TRAIL_KEY)


def later_key(epoch: int) -> trail.Keyring:
    """What a thief finds on that day: no key of an earlier day, but everybody's first public key."""
    first = first_key()
    return trail.Keyring(first.at(epoch), epoch, first_public=first.first_public)


def anchors_of(store: Store) -> list[trail.Anchor]:
    """Every checkpoint, as somebody else keeps it."""
    made = rows(store, "SELECT body, signature, number FROM trail_checkpoint ORDER BY seq")
    return [trail.Anchor(one.body.encode(), bytes(one.signature), f"kept:{one.number}") for one in made]


def forge(store: Store, *statements: str, **values: Any) -> None:
    """Change the database as somebody would who can write to it."""
    with store.writer.begin() as connection:
        for statement in statements:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(sqlalchemy.text(statement), used)


def rows(store: Store, query: str, **values: Any) -> list[Any]:
    with store.writer.begin() as connection:
        return list(connection.execute(sqlalchemy.text(query), values))
