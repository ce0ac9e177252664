"""T23, T24, F10: every attack on what is sealed and anchored is noticed, and the verifier itself is not fooled."""

import json
import random
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from sqlmodel import Session

from bot.foundation import trail
from bot.foundation.db import Store
from bot.foundation.trail.keys import Keyring
from bot.foundation.trail.merkle import root
from tests.foundation.trail.days import (
    A_DAY,
    DAYS,
    LAST,
    OPEN,
    anchors_of,
    checked,
    first_key,
    forge,
    later_key,
    rows,
)
from tests.foundation.trail.mutants import CHANGES, Change, Trial
from tests.support.soak import sample
from tests.support.stores import TRAIL_KEY

FORGER = Keyring(b"the key of a forger, 32 bytes!!!")


def recompute(store: Store, keys: Keyring, start: int) -> None:
    """Chain everything from an entry on again, as somebody would who holds these keys, and seal it all anew."""
    found = rows(store, "SELECT seq, body, key_id FROM trail_entry ORDER BY seq")
    before = rows(store, "SELECT mac FROM trail_entry WHERE seq < :seq ORDER BY seq DESC LIMIT 1", seq=start)
    previous = bytes(before[0].mac) if before else trail.GENESIS
    for row in found:
        if row.seq < start:
            continue
        body = json.dumps(json.loads(row.body) | {"prev": previous.hex()}, sort_keys=True, separators=(",", ":"))
        key = keys.at(row.key_id) if keys.knows(row.key_id) else b"guessed"
        previous = trail.sign(key, body)
        forge(
            store,
            "UPDATE trail_entry SET body = :body, mac = :mac WHERE seq = :seq",
            body=body,
            mac=previous,
            seq=row.seq,
        )
    forge(store, "UPDATE trail_head SET mac = :mac", mac=previous)


def edit(store: Store, seq: int) -> None:
    (row,) = rows(store, "SELECT body FROM trail_entry WHERE seq = :seq", seq=seq)
    body = row.body.replace("incident.noted", "incident.voted")
    forge(store, "UPDATE trail_entry SET body = :body WHERE seq = :seq", body=body, seq=seq)


def delete_from(store: Store, first: int, last: int = LAST) -> None:
    for table in ("trail_payload", "trail_entry"):
        forge(store, f"DELETE FROM {table} WHERE seq BETWEEN :first AND :last", first=first, last=last)


def move_head(store: Store, last: int, sealed: int, checkpoints: bool = True) -> None:
    """Let the head row, and the checkpoints if wanted, say that the trail ends here."""
    if checkpoints:
        forge(store, "DELETE FROM trail_checkpoint WHERE seq > :last", last=last)
    found = rows(store, "SELECT mac, key_id FROM trail_entry WHERE seq = :seq", seq=last)
    mac, key_id = (bytes(found[0].mac), found[0].key_id) if found else (trail.GENESIS, 1)
    forge(
        store,
        "UPDATE trail_head SET seq = :seq, mac = :mac, key_id = :key_id, sealed = :sealed",
        seq=last, mac=mac, key_id=key_id, sealed=sealed,
    )  # fmt: skip


# --- who can check what -----------------------------------------------------------------------------------------------


def test_what_each_checker_can_say(lived_anywhere: Store) -> None:
    lived = lived_anywhere
    everything, anchors = first_key(), anchors_of(lived)
    public = everything.first_public
    for keys in (everything, later_key(2), later_key(3)):
        report = checked(lived, keys, anchors=anchors)
        assert (report.whole, report.open, report.anchors, report.damage) == (LAST, 0, len(anchors), None)
    outsider = checked(lived, None, first_public=public, anchors=anchors)
    assert (outsider.whole, outsider.open, outsider.damage) == (LAST, OPEN, None)
    assert outsider.public == (public or b"").hex()


def test_the_wrong_key_is_told_at_once(lived: Store) -> None:
    assert checked(lived, FORGER).damage is not None
    found = checked(lived, None, first_public=FORGER.first_public).damage
    assert found is not None
    assert found.kind == "checkpoint"


@pytest.mark.parametrize("keys", [first_key(), later_key(2), later_key(3), None], ids=["k1", "k2", "k3", "public"])
@pytest.mark.parametrize("seq", [1, 5, 6, 12, 20, 28])
def test_an_edited_entry_is_found_by_every_checker(lived: Store, keys: Keyring | None, seq: int) -> None:
    edit(lived, seq)
    found = checked(lived, keys, first_public=first_key().first_public).damage
    assert found is not None
    assert found.kind == "changed"
    knows = keys is not None and keys.knows((seq - 1) // A_DAY + 1)
    assert found.seq == seq if knows else found.seq <= seq


# --- the table of attacks: who writes to the file, and has no key -----------------------------------------------------


def test_words_that_begin_with_a_piece_of_the_salt_are_found(lived: Store) -> None:
    """The digest covers salt and words together, so their lengths must be right as well."""
    forge(lived, "UPDATE trail_payload SET salt = substr(salt, 1, 15), body = substr(salt, 16) || body WHERE seq = 3")
    for keys in (first_key(), None):
        found = checked(lived, keys, first_public=first_key().first_public).damage
        assert found == trail.Damage(3, "payload changed", "its words are not those that were written")


@pytest.mark.parametrize("action", ["privacy.erased", "trail.purged"])
def test_a_record_about_the_trail_that_cannot_be_understood_is_no_record(lived: Store, action: str) -> None:
    """Somebody without the key writes one where a checkpoint covers: it is found by the checkpoint, not by a crash."""
    (row,) = rows(lived, "SELECT body FROM trail_entry WHERE seq = 7")
    words = b'{"facts":{"entries":[7],"last":"x"}}'
    said = json.loads(row.body) | {
        "action": action,
        "object": "trail",
        "payload": sha256(b"s" * 16 + words).hexdigest(),
    }
    forge(lived, "UPDATE trail_entry SET body = :body WHERE seq = 7", body=json.dumps(said))
    forge(
        lived,
        "UPDATE trail_payload SET salt = :salt, body = :words, subject = 'trail' WHERE seq = 7",
        salt=b"s" * 16, words=words.decode(),
    )  # fmt: skip
    found = checked(lived, None, first_public=first_key().first_public).damage
    assert found is not None
    assert (found.kind, found.seq) == ("changed", 6)


def test_an_old_entry_edited_and_everything_chained_again(lived: Store) -> None:
    edit(lived, 3)
    recompute(lived, FORGER, 3)
    assert checked(lived, first_key()).damage == trail.Damage(3, "changed", "its MAC does not fit its text")


def test_an_old_entry_deleted_and_everything_chained_again(lived: Store) -> None:
    delete_from(lived, 3, 3)
    move_up = "UPDATE {0} SET seq = -seq WHERE seq > 3; UPDATE {0} SET seq = -seq - 1 WHERE seq < 0;"
    with closing(sqlite3.connect(lived.writer.url.database or "")) as connection:
        connection.executescript(move_up.format("trail_entry") + move_up.format("trail_payload"))
    recompute(lived, FORGER, 3)
    found = checked(lived, first_key()).damage
    assert found is not None
    assert found.seq == 3


@pytest.mark.parametrize("last", [0, 5, 9, 10, 17, 25])
def test_what_is_cut_off_or_put_back_is_found_with_an_anchor(lived: Store, last: int) -> None:
    """An old file put back, the anchored part cut off, all of it wiped: only what is kept elsewhere can tell."""
    anchors = anchors_of(lived)
    delete_from(lived, last + 1)
    sealed = max([seq for seq in (5, 10, 15, 20, 25, 28) if seq <= last], default=0)
    move_head(lived, last, sealed)
    assert checked(lived, first_key()).damage is None
    found = checked(lived, first_key(), anchors=anchors).damage
    assert found is not None
    assert (found.kind, found.seq) == ("anchor", sealed + 1)


def test_what_is_cut_off_after_the_last_anchor_is_the_only_hole(lived: Store) -> None:
    """T24: closed to a minute or a hundred entries by how often anchors are made; said in docs/guarantees.md."""
    anchors = anchors_of(lived)
    delete_from(lived, LAST)
    move_head(lived, LAST - 1, LAST - OPEN)
    assert checked(lived, first_key(), anchors=anchors).damage is None


def test_the_checkpoints_alone_betray_a_shortened_trail(lived: Store) -> None:
    delete_from(lived, 20)
    move_head(lived, 19, 28, checkpoints=False)
    found = checked(lived, first_key()).damage
    assert found is not None
    assert (found.seq, found.kind) == (20, "missing")


# --- who has stolen today's key ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [1, A_DAY, A_DAY + 1, 2 * A_DAY])
def test_whoever_steals_todays_key_cannot_rewrite_yesterday(lived: Store, seq: int) -> None:
    """T23: found by the holder of the first key, of the first public key, and by the machine itself."""
    stolen = later_key(DAYS)
    edit(lived, seq)
    recompute(lived, stolen, seq)
    for keys in (first_key(), later_key(2), stolen, None):
        found = checked(lived, keys, first_public=first_key().first_public).damage
        assert found is not None
        assert found.seq <= seq


def test_what_a_thief_rewrites_today_contradicts_the_anchors(lived: Store) -> None:
    stolen, anchors = later_key(DAYS), anchors_of(lived)
    edit(lived, 22)
    recompute(lived, stolen, 22)
    reseal(lived, stolen, 25, 28)
    assert checked(lived, first_key()).damage is None
    found = checked(lived, first_key(), anchors=anchors).damage
    assert found is not None
    assert found.kind == "anchor"


def reseal(store: Store, keys: Keyring, *ends: int) -> None:
    """Make the last checkpoints anew with a stolen key."""
    for last in ends:
        (row,) = rows(store, "SELECT body, number FROM trail_checkpoint WHERE seq = :last", last=last)
        (before,) = rows(store, "SELECT body FROM trail_checkpoint WHERE number = :number", number=row.number - 1)
        said = json.loads(row.body)
        found = rows(
            store, "SELECT body, mac FROM trail_entry WHERE seq BETWEEN :a AND :b ORDER BY seq", a=said["first"], b=last
        )
        said |= {"prev": sha256(before.body.encode()).hexdigest(), "mac": bytes(found[-1].mac).hex()}
        said["root"] = root(one.body.encode() for one in found).hex()
        body = json.dumps(said, sort_keys=True, separators=(",", ":"))
        forge(
            store,
            "UPDATE trail_checkpoint SET body = :body, signature = :signature WHERE seq = :seq",
            body=body, signature=keys.seal(said["epoch"], body.encode()), seq=last,
        )  # fmt: skip


# --- who attacks the verifier: checkpoints, keys, anchors -------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trail_checkpoint SET signature = :zeros WHERE seq = 15",
        "UPDATE trail_checkpoint SET body = '{}' WHERE seq = 15",
        "UPDATE trail_checkpoint SET body = '[]' WHERE seq = 15",
        "UPDATE trail_checkpoint SET body = 'no json' WHERE seq = 15",
        'UPDATE trail_checkpoint SET body = replace(body, \'"last"\\:15\', \'"last"\\:"15"\') WHERE seq = 15',
        "UPDATE trail_checkpoint SET body = replace(body, '\"epoch\"\\:2', '\"epoch\"\\:3') WHERE seq = 15",
        "UPDATE trail_checkpoint SET body = replace(body, '\"first\"\\:11', '\"first\"\\:12') WHERE seq = 15",
        "UPDATE trail_checkpoint SET body = body || ' ' WHERE seq = 15",
        "UPDATE trail_checkpoint SET number = 99 WHERE seq = 15",
        "UPDATE trail_checkpoint SET seq = 16 WHERE seq = 15",
        "DELETE FROM trail_checkpoint WHERE seq = 5",
        "DELETE FROM trail_checkpoint WHERE seq = 15",
        "DELETE FROM trail_checkpoint WHERE seq = 28",
        "DELETE FROM trail_checkpoint",
        "UPDATE trail_head SET sealed = 15",
        "UPDATE trail_head SET key_id = 2",
        "UPDATE trail_entry SET key_id = 1 WHERE seq = 15",
        "UPDATE trail_entry SET key_id = 3 WHERE seq = 15",
        "UPDATE trail_entry SET key_id = key_id + 1",
        "UPDATE trail_entry SET key_id = 1",
        "UPDATE trail_entry SET key_id = 2147483647 WHERE seq > 25",
        "UPDATE trail_entry SET body = '{}' WHERE seq = 3",
        "UPDATE trail_entry SET body = '7' WHERE seq = 13",
    ],
)
def test_an_attack_on_what_the_verifier_reads_is_found(lived: Store, statement: str) -> None:
    anchors = anchors_of(lived)
    forge(lived, statement, zeros=bytes(64))
    for keys in (first_key(), later_key(3), None):
        assert checked(lived, keys, first_public=first_key().first_public, anchors=anchors).damage is not None, keys
    if "head" not in statement:
        assert checked(lived, None, anchors=anchors).damage is not None


def test_checkpoints_that_a_forger_signed_throughout_are_not_ours(lived: Store) -> None:
    for epoch, ends in ((1, (5, 10)), (2, (15, 20)), (3, (25, 28))):
        for last in ends:
            (row,) = rows(lived, "SELECT body FROM trail_checkpoint WHERE seq = :last", last=last)
            said = json.loads(row.body) | {"public": FORGER.public(epoch).hex(), "next": FORGER.public(epoch + 1).hex()}
            body = json.dumps(said, sort_keys=True, separators=(",", ":"))
            forge(lived, "UPDATE trail_checkpoint SET body = :body WHERE seq = :last", body=body, last=last)
    for keys in (first_key(), later_key(3), None):
        found = checked(lived, keys, first_public=first_key().first_public).damage
        assert found is not None
        assert found.kind == "checkpoint"


@pytest.mark.parametrize(
    ("old", "new"), [(b'"last":15', b'"last":14'), (b'"v":1', b'"v":2'), (b"{", b""), (b"{", b"\xff{")]
)
def test_an_edited_anchor_is_found(lived: Store, old: bytes, new: bytes) -> None:
    anchors = anchors_of(lived)
    third = anchors[2]
    anchors[2] = trail.Anchor(third.body.replace(old, new, 1), third.signature, third.place)
    found = checked(lived, first_key(), anchors=anchors).damage
    assert found is not None
    assert found.kind == "anchor"
    assert "kept:3" in found.detail


def test_an_anchor_of_another_trail_is_found(lived: Store) -> None:
    (first, *_) = anchors_of(lived)
    said = json.loads(first.body) | {"public": FORGER.public(1).hex()}
    body = json.dumps(said).encode()
    found = checked(lived, first_key(), anchors=[trail.Anchor(body, FORGER.seal(1, body), "kept:1")]).damage
    assert found is not None
    assert found.kind == "anchor"


def test_a_trail_of_an_earlier_version_is_whole(store: Store) -> None:
    """A database whose entries all carry key 1, from many days, and which has no checkpoint."""
    forge(store, "UPDATE trail_head SET day = NULL")
    report = checked(store, Keyring(TRAIL_KEY))
    assert (report.damage, report.whole, report.public) == (None, 0, "")


# --- ten thousand ways, one at a time ---------------------------------------------------------------------------------


def test_every_mutation_of_anchored_rows_is_noticed(tmp_path: Path) -> None:
    """F10: a sample here, ten thousand in `make soak`; `python -m benchmarks.trail` counts them, too."""
    trial = Trial.begin(tmp_path)
    unnoticed = [seed for seed in sample(range(10_000), one_in=25) if not trial.notices(seed)]
    trial.end()
    assert unnoticed == []


@pytest.mark.parametrize("change", CHANGES)
def test_each_kind_of_mutation_changes_something(tmp_path: Path, change: Change) -> None:
    """The proof above would be worth nothing if unchanged trails were called damaged."""
    trial = Trial.begin(tmp_path)
    with Session(trial.engine) as session:
        assert trail.check(trail.DatabaseSource(session), first_key(), anchors=trial.anchors).damage is None
    before = "\n".join(trial.connection.iterdump()), trial.anchors
    change(trial, random.Random(1))
    assert ("\n".join(trial.connection.iterdump()), trial.anchors) != before
    trial.end()
