"""The command line, as an admin or an auditor uses it."""

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import cli
from tests.support.world import World, world_of

run = CliRunner()


async def a_story(world: World) -> None:
    await world.alert("support-bot", "42", "wrong_answer_rate", "60")
    world.workspace.happenings.clear()


@pytest.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with one incident in it, and the key of its trail."""
    monkeypatch.setenv("BACKOUT_TRAIL_KEY", "a trail key for tests, 32 bytes!")
    async with world_of(tmp_path, strict=False) as world:
        await a_story(world)
        return world.database


def test_help_names_every_command() -> None:
    text = run.invoke(cli, ["--help"]).output
    for command in ("serve", "web", "worker", "demo", "check", "who", "verify", "export", "migrate"):
        assert command in text


def test_check_is_content_with_the_example() -> None:
    """R158, R159."""
    result = run.invoke(cli, ["check"])
    assert result.exit_code == 0, result.output
    assert "in order" in result.output


def test_check_names_file_line_and_cure(tmp_path: Path) -> None:
    """R004: a mistake in the configuration stops everything and says how to mend it."""
    shutil.copytree("config", tmp_path / "config")
    file = tmp_path / "config" / "escalation.yaml"
    file.write_text(file.read_text().replace("acknowledge:", "acknowlege:", 1))
    result = run.invoke(cli, ["check", "--config", str(tmp_path / "config")])
    assert result.exit_code == 1
    assert "escalation.yaml:" in result.stderr
    assert "did you mean “acknowledge”?" in result.stderr


def test_serve_refuses_to_start_without_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    result = run.invoke(cli, ["serve"])
    assert result.exit_code == 1
    assert "SLACK_BOT_TOKEN" in result.stderr


def test_web_alone_needs_a_database_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-tests")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "secret")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'backout.db'}")
    result = run.invoke(cli, ["web"])
    assert result.exit_code == 1
    assert "backout serve" in result.stderr


def test_who_says_who_may_and_why_not_the_others() -> None:
    """R066, R072, R073."""
    result = run.invoke(cli, ["who", "--system", "support-bot", "--severity", "low", "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)
    assert {row["name"] for row in rows if row["can"]} == {"Leo Martins"}
    assert all(row["why_not"] for row in rows if not row["can"])
    assert "Leo Martins" in run.invoke(cli, ["who", "--system", "support-bot", "--severity", "low"]).output


def test_who_about_an_unknown_system_names_the_known_ones() -> None:
    result = run.invoke(cli, ["who", "--system", "suport-bot", "--severity", "low"])
    assert result.exit_code == 1
    assert "support-bot" in result.stderr


async def test_export_prints_markdown_and_json(database: str) -> None:
    """R106, R109."""
    words = run.invoke(cli, ["export", "INC-1", "--database", database])
    assert words.exit_code == 0, words.output
    assert "INC-1" in words.output
    record = json.loads(run.invoke(cli, ["export", "INC-1", "--json", "--database", database]).output)
    assert record["incident"]["name"] == "INC-1"
    missing = run.invoke(cli, ["export", "INC-9", "--database", database])
    assert missing.exit_code == 1
    assert "INC-9" in missing.stderr


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE trail_entry SET body = replace(body, 'Z', 'z') WHERE seq = 2", "entry 2"),
        ("DELETE FROM trail_payload WHERE seq = 2; DELETE FROM trail_entry WHERE seq = 2", "entry 2"),
        (
            "UPDATE trail_entry SET seq = -1 WHERE seq = 2; UPDATE trail_entry SET seq = 2 WHERE seq = 3;"
            "UPDATE trail_entry SET seq = 3 WHERE seq = -1",
            "entry 2",
        ),
    ],
    ids=["changed byte", "deleted row", "reordered row"],
)
async def test_verify_finds_damage(database: str, damage: str, words: str) -> None:
    """R104: a changed byte, a deleted row and a reordered row."""
    whole = run.invoke(cli, ["verify", "--database", database])
    assert whole.exit_code == 0, whole.output
    with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
        connection.executescript(damage)
    connection.close()
    result = run.invoke(cli, ["verify", "--database", database])
    assert result.exit_code == 1
    assert words in result.stderr


def test_migrate_can_be_run_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert run.invoke(cli, ["migrate", "--database", url]).exit_code == 0
    assert run.invoke(cli, ["migrate", "--database", url]).exit_code == 0


@pytest.mark.parametrize("command", ["serve", "migrate", "verify"])
def test_a_database_of_a_newer_version_is_refused_in_one_line_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """P25: an older program does not touch a shape that it does not know."""
    path = tmp_path / "newer.db"
    for name, value in {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "s",
        "DATABASE_URL": f"sqlite:///{path}",
        "PORT": "0",
    }.items():
        monkeypatch.setenv(name, value)
    assert run.invoke(cli, ["migrate"]).exit_code == 0
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    result = run.invoke(cli, [command])
    assert result.exit_code == 1
    last = result.stderr.splitlines()[-1]
    assert last == "The database is at 9999, which this older program does not know. Run the newer Backout."
    assert path.read_bytes() == before


def test_verify_of_a_database_that_was_never_migrated_says_what_to_run(tmp_path: Path) -> None:
    result = run.invoke(cli, ["verify", "--database", f"sqlite:///{tmp_path / 'none.db'}"])
    assert result.exit_code == 1
    assert "backout migrate" in result.stderr


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////proc/nowhere/x.db", "postgresql://u:hunter2@127.0.0.1:9/x"])
def test_a_database_that_cannot_be_used_is_one_line_without_its_password(url: str) -> None:
    result = run.invoke(cli, ["migrate", "--database", url])
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "hunter2" not in result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)
