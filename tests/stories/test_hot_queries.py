"""Nothing that Backout asks its database while people and alerts wait reads a whole table, however full it is."""

import re
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Engine

from tests.support.world import World, world_of

GROWS = (
    "inbox", "signal", "incident", "escalation", "briefing", "outbox", "posted", "nonce", "trail_entry",
    "trail_payload", "approval_request", "vote", "question", "plan", "execution", "stage_result", "statement",
)  # fmt: skip
"""Tables that get longer for as long as Backout is used."""

PARTIAL = ("one_open_incident", "inbox_to_look_at", "signal_to_look_at")
"""Indexes that hold only what waits for people: to read one of them from end to end is to read what is wanted."""


async def test_no_query_of_an_incident_scans_a_table_that_grows(tmp_path: Path) -> None:
    """F12, R164: an alert, the worker's rounds, a click and a request cost the same with a million rows."""
    async with world_of(tmp_path, strict=False) as world:
        statements = _listen(world.process.store.writer), _listen(world.process.store.reader)
        await world.alert("support-bot", "42", "wrong_answer_rate", "60")
        await world.click("sam", world.card("#support-bot"), "Acknowledge")
        await world.alert("support-bot", "42", "complaint_rate", "60")
        await world.pass_time(minutes=30)
        await world.command("sam", "/rollback support-bot it answers nonsense", channel="#support-bot")
        scans = {
            line
            for engine, asked in zip(_engines(world), statements, strict=True)
            for statement, given in asked.items()
            for line in _scans(engine, statement, given)
        }
    assert scans == set()


def _engines(world: World) -> tuple[Engine, Engine]:
    return world.process.store.writer, world.process.store.reader


def _listen(engine: Engine) -> dict[str, Any]:
    """Note each different statement, with parameters it was asked with."""
    asked: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
            asked.setdefault(statement, parameters[0] if many else parameters)

    sqlalchemy.event.listen(engine, "before_cursor_execute", note)
    return asked


def _scans(engine: Engine, statement: str, given: Any) -> list[str]:
    """Say which growing tables a statement reads from end to end."""
    with engine.connect() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
    found = [match for step in steps if (match := re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step))]
    tables = [match[1] for match in found if match[1] in GROWS and match[2] not in PARTIAL]
    return [f"{table}: {' '.join(statement.split())}" for table in tables]
