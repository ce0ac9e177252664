"""R107, R111, R127, R129: the commands of those who check the trail and those who must let words go."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from rfc3161_client import TimestampRequestBuilder
from sqlmodel import select
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.foundation import anchoring, policies
from bot.foundation.clock import SystemClock
from bot.foundation.db import open_store
from bot.foundation.environment import trail_key
from bot.foundation.ids import RandomIds
from bot.foundation.models import TrailAnchor, TrailCheckpoint
from bot.foundation.work import Work
from tests.foundation.trail.days import LAST, MAYA, OPEN, live_through
from tests.support.authority import Authority
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.stores import config_of, prepare

run = CliRunner()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A migrated database with three days of trail, its key as the process left it, and its first key."""
    folder, clock = tmp_path_factory.mktemp("audited"), VirtualClock()
    url = f"sqlite:///{folder / 'backout.db'}"
    prepare(url)
    key, made = trail_key(url, None, make=True)
    assert made is not None
    first = made.read_text()
    store = open_store(url, clock=clock, ids=CountedIds(), config=config_of(), trail_key=key)
    live_through(store, clock)

    def anchor(work: Work) -> list[str]:
        work.session.add(TrailAnchor(route="file", seq=LAST - OPEN, at=work.now))
        return [anchoring.line(one) for one in work.session.exec(select(TrailCheckpoint))]

    lines = store.submit_now(MAYA, anchor)
    (folder / "anchors.jsonl").write_text("\n".join(lines) + "\n")
    store.close()
    return folder, first


@pytest.fixture
def folder(written: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("BACKOUT_TRAIL_KEY", raising=False)
    for name in ("backout.db.trail-key", "anchors.jsonl"):
        (tmp_path / name).write_bytes((written[0] / name).read_bytes())
    (tmp_path / "backout.db.trail-key").chmod(0o600)
    with (
        closing(sqlite3.connect(written[0] / "backout.db")) as one,
        closing(sqlite3.connect(tmp_path / "backout.db")) as other,
    ):
        one.backup(other)
        other.execute("PRAGMA journal_mode = WAL")
    return tmp_path


def backout(folder: Path, *arguments: str, status: int = 0) -> str:
    command, *rest = arguments
    at = [] if "--trail" in rest and command == "verify" else ["--database", f"sqlite:///{folder / 'backout.db'}"]
    result = run.invoke(cli, [command, *rest, *at])
    assert result.exit_code == status, result.output
    return result.output + (result.stderr if status else "")


def damage(folder: Path, script: str) -> None:
    with closing(sqlite3.connect(folder / "backout.db")) as connection:
        connection.executescript(script)


@pytest.mark.openssl
def test_timestamps_on_anchors_are_checked_with_the_authority_s_roots(folder: Path, tmp_path: Path) -> None:
    tsa, anchors = Authority.found(tmp_path / "tsa"), folder / "anchors.jsonl"
    first, *rest = anchors.read_text().splitlines()
    assert "There are no timestamps" in backout(
        folder, "verify", "--anchors", str(anchors), "--tsa-roots", str(tsa.roots), status=1
    )
    said = json.loads(first)
    query = TimestampRequestBuilder().data(said["checkpoint"].encode()).build().as_bytes()
    stamped = json.dumps({**said, "timestamp": tsa.answer(query).hex()})
    anchors.write_text("\n".join([stamped, *rest]))
    assert "1 timestamps were not checked" in backout(folder, "verify", "--anchors", str(anchors))
    checked = ("verify", "--anchors", str(anchors), "--tsa-roots", str(tsa.roots))
    assert "All 1 timestamps fit, from " in backout(folder, *checked)
    anchors.write_text("\n".join([first, stamped.replace(first[:-1], rest[0][:-1])]))
    assert "anchors.jsonl:2: its timestamp" in backout(folder, *checked, status=1)


# --- checking ---------------------------------------------------------------------------------------------------------


def test_the_machine_itself_the_auditor_and_an_outsider_all_check(
    folder: Path, written: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """T23: the machine has only the newest key, the auditor the first, the outsider none."""
    assert json.loads((folder / "backout.db.trail-key").read_text())["epoch"] == 3
    said = backout(folder, "verify", "--anchors", str(folder / "anchors.jsonl"))
    assert f"The trail is whole: {LAST} entries." in said
    assert "All 6 anchors fit." in said
    public = said.strip().rsplit(" ", 1)[-1]
    assert "only the key can check those" in backout(folder, "verify", "--public", public)
    monkeypatch.setenv("BACKOUT_TRAIL_KEY", written[1])
    assert json.loads(backout(folder, "verify", "--json"))["public"] == public


def test_it_says_under_which_configurations_things_were_decided(folder: Path) -> None:
    def record(work: Work) -> None:
        policies.record(work)
        work.record("approval.approved", "INC-1", policy=work.pin(anchoring.TrailPolicy))
        work.record("approval.approved", "INC-2", policy="sha256:other")

    url = f"sqlite:///{folder / 'backout.db'}"
    config = config_of(anchoring.TrailPolicy())
    store = open_store(url, clock=SystemClock(), ids=RandomIds(), config=config, trail_key=trail_key(url, None)[0])
    store.submit_now(MAYA, record)
    store.close()
    said = backout(folder, "verify")
    assert f"Configurations recorded: 1, the newest in entry {LAST + 1} of " in said
    assert "1 entries name a policy that no entry before them records." in said
    (found,) = json.loads(backout(folder, "verify", "--json"))["policies"]
    assert list(found["files"]) == ["TrailPolicy.yaml"]
    damage(folder, "UPDATE policy SET body = '{}'")
    assert "policy: the policy kept as sha256:" in backout(folder, "verify", status=1)


def test_an_exported_trail_is_checked_without_the_database(folder: Path, written: tuple[Path, str]) -> None:
    file = folder / "trail.jsonl"
    assert f"{LAST} entries" in backout(folder, "export", "--trail", str(file))
    assert file.stat().st_mode & 0o77 == 0
    said = backout(folder, "verify", "--trail", str(file))
    assert "its own word: compare it" in said
    public = json.loads(backout(folder, "verify", "--json"))["public"]
    said = backout(
        folder, "verify", "--trail", str(file), "--public", public, "--anchors", str(folder / "anchors.jsonl")
    )
    assert "its own word" not in said
    file.write_text(file.read_text().replace("incident.noted", "incident.voted", 1))
    assert "entry 1: changed" in backout(folder, "verify", "--trail", str(file), status=1)
    assert "File exists" in backout(folder, "export", "--trail", str(file), status=1)


def test_damage_is_status_1_in_words_and_in_json(folder: Path) -> None:
    damage(folder, "UPDATE trail_entry SET body = replace(body, 'noted', 'voted') WHERE seq = 23")
    assert "22 entries before it are whole. entry 23: changed" in backout(folder, "verify", status=1)
    said = run.invoke(cli, ["verify", "--json", "--database", f"sqlite:///{folder / 'backout.db'}"])
    assert (said.exit_code, json.loads(said.stdout)["damage"]["seq"]) == (1, 23)


def test_an_anchor_file_that_is_none_is_said(folder: Path) -> None:
    (folder / "empty").write_text("")
    assert "holds no anchors" in backout(folder, "verify", "--anchors", str(folder / "empty"), status=1)
    assert "No such file" in backout(folder, "verify", "--anchors", str(folder / "none"), status=1)
    assert "hexadecimal" in backout(folder, "verify", "--public", "xyz", status=1)


def test_export_wants_one_thing(folder: Path) -> None:
    backout(folder, "export", status=2)
    backout(folder, "export", "INC-1", "--trail", str(folder / "x"), status=2)


# --- letting go -------------------------------------------------------------------------------------------------------


def test_erasing_asks_first_and_leaves_no_word_in_the_file(folder: Path) -> None:
    assert "12 entries about INC-1 would be erased" in backout(folder, "erase", "INC-1", "--why", "x", "--dry-run")
    assert run.invoke(
        cli, ["erase", "INC-1", "--why", "x", "--database", f"sqlite:///{folder / 'backout.db'}"], input="n\n"
    ).exit_code
    assert json.loads(backout(folder, "verify", "--json"))["erased"] == 0
    done = json.loads(backout(folder, "erase", "U0MAYA0001", "--why", "asked to", "--yes", "--json"))
    assert (done["entries"], done["ranges"], done["done"]) == (LAST, [[1, LAST]], True)
    assert f"The words of {LAST} of them are erased, as recorded." in backout(folder, "verify")
    assert b"because " not in b"".join(file.read_bytes() for file in folder.glob("backout.db*"))
    assert "erased already" in backout(folder, "erase", "INC-1", "--why", "x", "--yes", status=1)


def test_what_is_erased_is_sealed_at_once(folder: Path) -> None:
    backout(folder, "erase", "INC-1", "--why", "asked to", "--yes")
    report = json.loads(backout(folder, "verify", "--json"))
    assert report["sealed"] == report["last"] == LAST + 1


def test_purging_asks_first_and_stops_at_an_anchored_checkpoint(folder: Path) -> None:
    day = (VirtualClock().now() + timedelta(days=2)).date().isoformat()
    tried = json.loads(backout(folder, "purge", "--before", day, "--why", "x", "--dry-run", "--json"))
    assert (tried["first"], tried["last"], tried["count"], tried["done"]) == (1, 15, 15, False)
    assert "Entries 1 to 15 (15)" in backout(folder, "purge", "--before", day, "--why", "two years", "--yes")
    assert "Entries up to 15 are purged, as recorded." in backout(folder, "verify")
    assert "No entries were sealed before" in backout(
        folder, "purge", "--before", "2020-01-01", "--why", "x", "--yes", status=1
    )


def test_a_hold_is_set_listed_and_released(folder: Path) -> None:
    assert "Nothing is on hold." in backout(folder, "hold")
    backout(folder, "hold", "INC-1", status=2)
    assert "INC-1 is on hold" in backout(folder, "hold", "INC-1", "--why", "case 4711")
    assert "case 4711" in backout(folder, "hold")
    refused = backout(folder, "erase", "INC-1", "--why", "x", "--yes", status=1)
    assert "case 4711" in refused
    assert "--release" in refused
    assert "is released" in backout(folder, "hold", "INC-1", "--release", "--why", "closed")
    assert json.loads(backout(folder, "hold", "--json")) == {"holds": []}
