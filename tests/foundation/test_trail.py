"""R103, R104: nobody can quietly change the trail. On SQLite and on PostgreSQL."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from bot.foundation import trail
from bot.foundation.db import Store, open_engine
from bot.foundation.work import Actor, Work
from tests.foundation.conftest import opened
from tests.support.clock import VirtualClock
from tests.support.stores import TRAIL_KEY, prepare

MAYA = Actor("person", "U0MAYA0001", "Maya")
TABLES = ("trail_entry", "trail_payload")


def note(work: Work, subject: str, why: str) -> None:
    work.record("incident.noted", subject, why=why, number=7, text="ä\n\\x41 🙂", nothing=None)


def fill(store: Store, count: int) -> None:
    for n in range(1, count + 1):
        store.submit_now(MAYA, note, f"INC-{n % 3}", f"because {n}")


def verify(store: Store, key: bytes = TRAIL_KEY) -> tuple[int, trail.Damage | None]:
    return store.read_now(lambda reading: trail.verify(reading.session, key, batch=3))


def damage(store: Store) -> trail.Damage:
    _count, found = verify(store)
    assert found is not None
    return found


def forge(store: Store, *statements: str, **values: Any) -> None:
    """Change the database as somebody would who can write to it."""
    with store.writer.begin() as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement), values)


def copy_row(store: Store, seq: int) -> Any:
    with store.writer.begin() as connection:
        return connection.execute(sqlalchemy.text(f"SELECT * FROM trail_entry WHERE seq = {seq}")).one()


def test_an_empty_trail_is_whole(store: Store) -> None:
    assert verify(store) == (0, None)


def test_what_was_recorded_reads_back_in_order_and_is_whole(store: Store) -> None:
    fill(store, 10)
    assert verify(store) == (10, None)
    entries = store.read_now(lambda reading: trail.read(reading.session, "INC-1"))
    assert [(entry.seq, entry.why) for entry in entries] == [(n, f"because {n}") for n in (1, 4, 7, 10)]
    assert entries[0].facts == {"number": 7, "text": "ä\n\\x41 🙂", "nothing": None}
    assert len({entry.mac for entry in entries}) == 4


def test_a_work_that_fails_leaves_no_gap(store: Store) -> None:
    def fail(work: Work) -> None:
        note(work, "INC-1", "never")
        raise ZeroDivisionError

    fill(store, 2)
    with pytest.raises(ZeroDivisionError):
        store.submit_now(MAYA, fail)
    fill(store, 2)
    assert verify(store) == (4, None)


def test_many_writers_make_one_chain(store: Store) -> None:
    threads = [Thread(target=fill, args=(store, 10)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert verify(store) == (60, None)


@pytest.mark.parametrize(
    ("statements", "seq", "kind"),
    [
        (
            ["UPDATE trail_entry SET body = replace(body, 'incident.noted', 'incident.noteD') WHERE seq = 3"],
            3,
            "changed",
        ),
        (["UPDATE trail_entry SET body = body || ' ' WHERE seq = 5"], 5, "changed"),
        (["UPDATE trail_entry SET mac = :mac WHERE seq = 2"], 2, "changed"),
        (["UPDATE trail_entry SET key_id = 2 WHERE seq = 2"], 2, "changed"),
        (["UPDATE trail_payload SET body = replace(body, 'because', 'despite') WHERE seq = 4"], 4, "payload changed"),
        (["UPDATE trail_payload SET salt = :salt WHERE seq = 4"], 4, "payload changed"),
        (["UPDATE trail_payload SET subject = 'INC-9' WHERE seq = 4"], 4, "payload changed"),
        (["DELETE FROM trail_payload WHERE seq = 4"], 4, "payload missing"),
        (["DELETE FROM trail_payload WHERE seq = 1", "DELETE FROM trail_entry WHERE seq = 1"], 1, "missing"),
        (["DELETE FROM trail_payload WHERE seq = 3", "DELETE FROM trail_entry WHERE seq = 3"], 3, "missing"),
        (["DELETE FROM trail_payload WHERE seq = 6", "DELETE FROM trail_entry WHERE seq = 6"], 6, "missing"),
        (["DELETE FROM trail_payload", "DELETE FROM trail_entry"], 1, "missing"),
        (["UPDATE trail_head SET seq = 5"], 7, "missing"),
        (["UPDATE trail_head SET mac = :mac"], 7, "missing"),
        (["DELETE FROM trail_head"], 6, "head"),
        (["INSERT INTO trail_entry SELECT 0, body, :mac, key_id FROM trail_entry WHERE seq = 1"], 1, "reordered"),
        (["INSERT INTO trail_entry SELECT -4, body, :mac, key_id FROM trail_entry WHERE seq = 1"], 1, "reordered"),
        (["INSERT INTO trail_entry SELECT 7, body, :mac, key_id FROM trail_entry WHERE seq = 6"], 7, "changed"),
    ],
)
def test_what_a_forger_does_is_found_where_it_was_done(
    store: Store, statements: list[str], seq: int, kind: str
) -> None:
    fill(store, 6)
    values = {"mac": bytes(32), "salt": bytes(16)}
    used = {name: value for name, value in values.items() if any(f":{name}" in one for one in statements)}
    with store.writer.begin() as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement), used)
    found = damage(store)
    assert (found.seq, found.kind) == (seq, kind)
    assert str(seq) in str(found)


def test_rows_that_changed_places_are_found(store: Store) -> None:
    fill(store, 6)
    second, fifth = copy_row(store, 2), copy_row(store, 5)
    update = "UPDATE trail_entry SET body = :body, mac = :mac WHERE seq = :seq"
    forge(store, update, body="-", mac=bytes(32), seq=2)
    forge(store, update, body=second.body, mac=second.mac, seq=5)
    forge(store, update, body=fifth.body, mac=fifth.mac, seq=2)
    assert (damage(store).seq, damage(store).kind) == (2, "reordered")


def test_a_whole_chain_under_another_key_is_no_chain_of_ours(store: Store) -> None:
    fill(store, 3)
    count, found = verify(store, b"the key of a forger, 32 bytes!!!")
    assert (count, found and found.kind) == (0, "changed")


def test_a_row_signed_by_somebody_else_is_found(store: Store) -> None:
    fill(store, 3)
    row = copy_row(store, 2)
    body = row.body.replace("INC-2", "INC-8")
    forge(store, "UPDATE trail_entry SET body = :body, mac = :mac WHERE seq = 2", body=body, mac=trail.sign(b"x", body))
    assert (damage(store).seq, damage(store).kind) == (2, "changed")


def test_a_duplicated_chain_position_is_refused_by_the_schema(store: Store) -> None:
    fill(store, 2)
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        forge(store, "INSERT INTO trail_entry SELECT 3, body, mac, key_id FROM trail_entry WHERE seq = 2")


# --- anything at all, in a file that keeps any type in any column -----------------------------------------------------

LENGTH = 50
Change = Callable[[sqlite3.Connection], None]


@pytest.fixture(scope="module")
def long_trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database file with fifty entries, written once and copied by each example."""
    path = tmp_path_factory.mktemp("trail") / "backout.db"
    prepare(f"sqlite:///{path}")
    store = opened(f"sqlite:///{path}", VirtualClock())
    fill(store, LENGTH)
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    yield path
    path.unlink()


def protected(connection: sqlite3.Connection) -> list[Any]:
    """Everything that the trail protects, byte by byte."""
    return [
        connection.execute(query).fetchall()
        for query in (
            "SELECT seq, CAST(body AS BLOB), CAST(mac AS BLOB), key_id FROM trail_entry ORDER BY seq",
            "SELECT seq, CAST(salt AS BLOB), CAST(body AS BLOB), CAST(subject AS BLOB) FROM trail_payload "
            "WHERE seq IN (SELECT seq FROM trail_entry) ORDER BY seq",
            "SELECT seq, CAST(mac AS BLOB) FROM trail_head WHERE id = 1",
        )
    ]


COLUMNS = [
    ("trail_entry", "body"), ("trail_entry", "mac"), ("trail_payload", "salt"), ("trail_payload", "body"),
    ("trail_payload", "subject"),
]  # fmt: skip


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, tuple[Any, ...]]:
    """A statement that a forger might run, with its values."""
    seq = draw(st.integers(1, LENGTH))
    match draw(st.sampled_from(["byte", "value", "delete", "swap", "renumber"])):
        case "byte":
            table, column = draw(st.sampled_from(COLUMNS))
            position, byte = draw(st.integers(1, 30)), draw(st.binary(min_size=1, max_size=1))
            pieces = (
                f"CAST(CAST(substr(CAST({column} AS BLOB), 1, ?) AS BLOB) || ? || substr(CAST({column} AS BLOB), ?) AS"
            )
            kind = "BLOB" if column in ("mac", "salt") else "TEXT"
            return f"UPDATE {table} SET {column} = {pieces} {kind}) WHERE seq = ?", (
                position - 1,
                byte,
                position + 1,
                seq,
            )
        case "value":
            table, column = draw(st.sampled_from([*COLUMNS, ("trail_entry", "key_id"), ("trail_head", "mac")]))
            value = draw(st.one_of(st.text(max_size=5).filter(_is_text), st.binary(max_size=40), st.integers(-5, 60)))
            return f"UPDATE {table} SET {column} = ? WHERE {'seq = ?' if table != 'trail_head' else '? > 0'}", (
                value,
                seq,
            )
        case "delete":
            return f"DELETE FROM {draw(st.sampled_from(TABLES))} WHERE seq = ?", (seq,)
        case "swap":
            other = draw(st.integers(1, LENGTH))
            query = "UPDATE trail_payload SET (salt, body) = (SELECT salt, body FROM trail_payload WHERE seq = ?) "
            return query + "WHERE seq = ?", (other, seq)
        case _:
            return "UPDATE trail_entry SET seq = ? WHERE seq = ?", (draw(st.integers(-3, LENGTH + 3)), seq)


def _is_text(text: str) -> bool:
    return text.encode("utf-8", "ignore").decode() == text


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(("UPDATE trail_entry SET body = CAST(x'ff' AS TEXT) WHERE seq = ?", (7,)))
@example(("UPDATE trail_entry SET mac = ? WHERE seq = ?", ("text", 7)))
@given(changes())
def test_any_change_to_what_is_protected_is_found(long_trail: Path, change: tuple[str, tuple[Any, ...]]) -> None:
    connection = sqlite3.connect(":memory:")
    with sqlite3.connect(long_trail) as original:
        original.backup(connection)
    original.close()
    before = protected(connection)
    try:
        connection.execute(*change)
        connection.commit()
    except sqlite3.IntegrityError:
        connection.close()
        return  # the schema itself refused
    changed = protected(connection) != before
    engine = sqlalchemy.create_engine("sqlite://", creator=lambda: connection, poolclass=sqlalchemy.StaticPool)
    with Session(engine) as session:
        count, found = trail.verify(session, TRAIL_KEY)
    engine.dispose()
    assert (found is not None) == changed
    assert count == LENGTH or found is not None


def test_equal_words_have_digests_of_their_own(sqlite_store: Store) -> None:
    """The salt stops guessing: equal words do not look equal in the part that stays after an erasure."""
    for _ in range(5):
        sqlite_store.submit_now(MAYA, note, "INC-1", "same")
    engine = open_engine(str(sqlite_store.writer.url), reading=True)
    with engine.connect() as connection:
        bodies = connection.execute(sqlalchemy.text("SELECT body FROM trail_entry")).scalars().all()
    engine.dispose()
    assert len({json.loads(body)["payload"] for body in bodies}) == 5
