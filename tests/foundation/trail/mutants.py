"""What may happen to a trail, one way at a time, on rows that an anchor covers (F10).

trial = Trial.begin(folder)
assert trial.notices(seed=7)
"""

import json
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from sqlmodel import Session

from bot.foundation import trail
from bot.foundation.trail.keys import Keyring
from tests.foundation.conftest import opened, prepared_sqlite
from tests.foundation.trail.days import LAST, OPEN, anchors_of, first_key, later_key, live_through
from tests.support.clock import VirtualClock

ANCHORED = LAST - OPEN
SEALED = (5, 10, 15, 20, 25, 28)
FORGER = Keyring(b"the key of a forger, 32 bytes!!!")
COLUMNS = (
    ("trail_entry", "body"), ("trail_entry", "mac"), ("trail_payload", "salt"), ("trail_payload", "body"),
    ("trail_payload", "subject"), ("trail_checkpoint", "body"), ("trail_checkpoint", "signature"),
)  # fmt: skip
Change = Callable[["Trial", random.Random], None]


@dataclass
class Trial:
    """A trail of three days in memory, and its anchors. Each mutation is undone before the next."""

    connection: sqlite3.Connection
    engine: sqlalchemy.Engine
    anchors: list[trail.Anchor]

    @classmethod
    def begin(cls, folder: Path) -> "Trial":
        """Write the trail and take it into memory."""
        clock = VirtualClock()
        store = opened(prepared_sqlite(folder), clock)
        live_through(store, clock)
        anchors = anchors_of(store)
        store.close()
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        original = sqlite3.connect(folder / "backout.db")
        original.backup(connection)
        original.close()
        engine = sqlalchemy.create_engine("sqlite://", creator=lambda: connection, poolclass=sqlalchemy.StaticPool)
        engine.connect().close()  # the first one looks around and rolls back; the next ones leave our changes alone
        return cls(connection, engine, anchors)

    def end(self) -> None:
        """Let go of the memory."""
        self.engine.dispose()
        self.connection.close()

    def notices(self, seed: int) -> bool:
        """Change something, each kind in its turn, and say whether a check with the first key notices."""
        chance, kept = random.Random(seed), list(self.anchors)
        self.connection.execute("BEGIN")
        try:
            CHANGES[seed % len(CHANGES)](self, chance)
            with Session(self.engine) as session:
                source = trail.DatabaseSource(session)
                return trail.check(source, first_key(), anchors=self.anchors).damage is not None
        except sqlite3.IntegrityError:
            return True  # the schema itself refused
        finally:
            self.anchors = kept
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def run(self, statement: str, *values: object) -> None:
        """Execute one statement."""
        self.connection.execute(statement, values)

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Return what a query finds."""
        return self.connection.execute(query, values).fetchall()


def _flip(trial: Trial, chance: random.Random) -> None:
    table, column = chance.choice(COLUMNS)
    seq = chance.choice(SEALED) if table == "trail_checkpoint" else chance.randint(1, ANCHORED)
    ((held,),) = trial.rows(f"SELECT CAST({column} AS BLOB) FROM {table} WHERE seq = ?", seq)
    assert isinstance(held, bytes)
    place, bit = chance.randrange(len(held)), 1 << chance.randrange(8)
    changed = held[:place] + bytes([held[place] ^ bit]) + held[place + 1 :]
    kind = "BLOB" if column in ("mac", "salt", "signature") else "TEXT"
    trial.run(f"UPDATE {table} SET {column} = CAST(? AS {kind}) WHERE seq = ?", changed, seq)


def _replace(trial: Trial, chance: random.Random) -> None:
    table, column = chance.choice(COLUMNS)
    seq = chance.choice(SEALED) if table == "trail_checkpoint" else chance.randint(1, ANCHORED)
    value = chance.choice(["", "x", b"", b"\xff\x00", 0, -1, 2**40, "{}", "[]", "null", '{"seq":1}', "é" * 40])
    trial.run(f"UPDATE {table} SET {column} = ? WHERE seq = ?", value, seq)


def _renumber(trial: Trial, chance: random.Random) -> None:
    table = chance.choice(("trail_entry", "trail_payload", "trail_checkpoint"))
    seq = chance.choice(SEALED) if table == "trail_checkpoint" else chance.randint(1, ANCHORED)
    trial.run(f"UPDATE {table} SET seq = ? WHERE seq = ?", chance.choice([-seq, 0, LAST + seq, 2**40]), seq)


def _rekey(trial: Trial, chance: random.Random) -> None:
    seq = chance.randint(1, ANCHORED)
    ours = (seq - 1) // 10 + 1
    wrong = [one for one in (0, -1, 1, 2, 3, 4, 2**40, "x", b"1", 1.5) if one != ours]
    trial.run("UPDATE trail_entry SET key_id = ? WHERE seq = ?", chance.choice(wrong), seq)


def _behead(trial: Trial, chance: random.Random) -> None:
    wrong = [("seq", 7), ("seq", 0), ("mac", bytes(32)), ("key_id", 9), ("sealed", 5), ("sealed", 99)]
    column, value = chance.choice(wrong)
    trial.run(f"UPDATE trail_head SET {column} = ?", value)


def _delete(trial: Trial, chance: random.Random) -> None:
    seq = chance.randint(1, ANCHORED)
    match chance.randrange(5):
        case 0:
            trial.run("DELETE FROM trail_entry WHERE seq = ?", seq)
        case 1:
            trial.run("DELETE FROM trail_payload WHERE seq = ?", seq)
        case 2:
            trial.run("DELETE FROM trail_checkpoint WHERE seq = ?", chance.choice(SEALED))
        case 3:
            trial.run("DELETE FROM trail_head")
        case _:
            _delete_range(trial, seq, chance.randint(seq, ANCHORED))


def _delete_range(trial: Trial, first: int, last: int) -> None:
    for table in ("trail_entry", "trail_payload"):
        trial.run(f"DELETE FROM {table} WHERE seq BETWEEN ? AND ?", first, last)


def _swap(trial: Trial, chance: random.Random) -> None:
    one, other = chance.sample(range(1, ANCHORED + 1), 2)
    for table in chance.choice([("trail_entry",), ("trail_payload",), ("trail_entry", "trail_payload")]):
        for old, new in ((one, -1), (other, one), (-1, other)):
            trial.run(f"UPDATE {table} SET seq = ? WHERE seq = ?", new, old)


def _insert(trial: Trial, chance: random.Random) -> None:
    seq, at = chance.randint(1, ANCHORED), chance.choice([0, -3, LAST + 1])
    copy = "INSERT INTO trail_entry SELECT ?, body, ?, key_id FROM trail_entry WHERE seq = ?"
    trial.run(copy, at, chance.randbytes(32), seq)


def _erase(trial: Trial, chance: random.Random) -> None:
    trial.run("UPDATE trail_payload SET salt = x'', body = '' WHERE seq = ?", chance.randint(1, ANCHORED))


def _cut_off(trial: Trial, chance: random.Random) -> None:
    """An old copy put back, the anchored part cut off, or all of it wiped."""
    last = chance.randrange(ANCHORED)
    _delete_range(trial, last + 1, LAST)
    trial.run("DELETE FROM trail_checkpoint WHERE seq > ?", last)
    mac, key_id = next(iter(trial.rows("SELECT mac, key_id FROM trail_entry WHERE seq = ?", last)), (bytes(32), 1))
    sealed = max([seq for seq in SEALED if seq <= last], default=0)
    trial.run("UPDATE trail_head SET seq = ?, mac = ?, key_id = ?, sealed = ?", last, mac, key_id, sealed)


def _rewrite(trial: Trial, chance: random.Random) -> None:
    """Edit or delete an entry and chain everything again: with a key of one's own, or with today's, stolen."""
    keys, seq = chance.choice([FORGER, later_key(3), later_key(2)]), chance.randint(1, ANCHORED)
    ((previous,),) = trial.rows("SELECT mac FROM trail_entry WHERE seq = ?", seq - 1) or [(bytes(32),)]
    assert isinstance(previous, bytes)
    later = trial.rows("SELECT seq, body, key_id FROM trail_entry WHERE seq >= ? ORDER BY seq", seq)
    for number, text, key_id in later:
        said = json.loads(str(text)) | {"prev": previous.hex()}
        said |= {"action": "incident.voted"} if number == seq else {}
        body = json.dumps(said, sort_keys=True, separators=(",", ":"))
        previous = trail.sign(keys.at(int(str(key_id))) if keys.knows(key_id) else b"guessed", body)
        trial.run("UPDATE trail_entry SET body = ?, mac = ? WHERE seq = ?", body, previous, number)
    trial.run("UPDATE trail_head SET mac = ?", previous)


def _shift(trial: Trial, chance: random.Random) -> None:
    """Move the border between salt and words: the digest over both stays the same."""
    seq = chance.randint(1, ANCHORED)
    ((both,),) = trial.rows("SELECT CAST(salt || body AS BLOB) FROM trail_payload WHERE seq = ?", seq)
    assert isinstance(both, bytes)
    border = chance.choice([0, 1, 15, 17, len(both) - 1, len(both)])
    trial.run(
        "UPDATE trail_payload SET salt = ?, body = CAST(? AS TEXT) WHERE seq = ?", both[:border], both[border:], seq
    )


def _edit_anchor(trial: Trial, chance: random.Random) -> None:
    place = chance.randrange(len(trial.anchors))
    anchor = trial.anchors[place]
    text = bytearray(anchor.body if chance.random() < 0.5 else anchor.signature)
    text[chance.randrange(len(text))] ^= 1 << chance.randrange(8)
    body, signature = (bytes(text), anchor.signature) if len(text) != 64 else (anchor.body, bytes(text))
    trial.anchors = [*trial.anchors[:place], trail.Anchor(body, signature, anchor.place), *trial.anchors[place + 1 :]]


CHANGES: tuple[Change, ...] = (
    _flip, _replace, _renumber, _rekey, _behead, _delete, _swap, _insert, _erase, _cut_off, _rewrite, _shift,
    _edit_anchor,
)  # fmt: skip
