"""Every cell of `decisions.txt` against the code: figure F6."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import load_config
from bot.approvals import rules
from bot.approvals.models import Choice, Matrix, Relation, Vote
from bot.approvals.rules import Round, Situation, Standing
from bot.foundation.config import Config
from bot.incidents.models import Systems
from bot.people.models import Directory
from tests.support.clock import MORNING

TABLE = Path(__file__).with_name("decisions.txt")
WORDS = {
    "asked for this": "r",
    "prepared what": "p",
    "carry out what": "e",
    "not an active": "i",
    "answered in this round": "a",
    "after it was asked": "t",
    "all that is needed": "f",
    "not an approver here": ".",
}
LATER = timedelta(days=1)


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(Path("config"), Path("messages"))


def tables() -> Iterator[tuple[str, str, str, list[str], list[list[str]]]]:
    """Activity, severity, system, people and rows of each table."""
    text = "".join(line for line in TABLE.read_text().splitlines(keepends=True) if not line.startswith("#"))
    for block in text.strip().split("\n\n"):
        title, people, *rows = block.splitlines()
        activity, severity, system = title.split()
        yield activity, severity, system, people.split(), [row.split() for row in rows]


def test_every_cell_of_the_table_is_what_the_code_decides(config: Config) -> None:
    """F6, R063 R068 R069 R070 R071 R072 R084: person × activity × severity × state × relation."""
    cells, wrong = 0, []
    for activity, severity, system, people, rows in tables():
        round_ = _round(config, activity, severity, system)
        for state, *letters in rows:
            for key, letter in zip(people, letters, strict=True):
                cells += 1
                found = _letter(config[Directory], round_, state, key)
                if found != letter:
                    wrong.append(f"{activity} {severity} {system}, {state}, {key}: {letter} stands there, not {found}")
    assert wrong == []
    assert cells >= 2_500


def _round(config: Config, activity: str, severity: str, system: str) -> Round:
    tags = config[Systems].systems[system].tags
    quorum = rules.quorum(config[Matrix], activity, Situation(severity, tags))
    slots = rules.slots_for(config[Directory], quorum, system, MORNING)
    return Round(system, slots, "U0SOMEBODY", MORNING, MORNING + timedelta(hours=1))


def _letter(directory: Directory, round_: Round, state: str, key: str) -> str:
    person = directory.people[key].slack
    related = {"author": Relation.PLAN_AUTHOR, "executor": Relation.EXECUTOR}
    if state == "requester":
        round_ = replace(round_, requester=person)
    if state in related:
        round_ = replace(round_, excluded={person: related[state]})
    away = {"away": {one for slot in round_.slots for one in slot.people}, "deactivated": {person}}.get(state, set())
    later = LATER if state in ("waited", "half", "given") else timedelta()
    active = {one.slack for one in directory.people.values()} - away
    standing, votes = Standing(directory, MORNING + later, active), _votes(round_, state, person)
    why = rules.why_not(person, round_, votes, standing)
    if why is None:
        seat = rules.capacity(person, round_, votes, standing)
        return "?" if seat is None else "Y" if seat.on_behalf_of is None else "d"
    return next((letter for words, letter in WORDS.items() if words in why), "?")


def _votes(round_: Round, state: str, person: str) -> list[Vote]:
    first = [slot.people[0] for slot in round_.slots]
    holds = any(person in slot.people for slot in round_.slots)
    given = {"half": first[:1], "given": first, "answered": [person] if holds else []}.get(state, [])
    return [Vote(request_id="", round=1, person=one, choice=Choice.APPROVE, reason="", at=MORNING) for one in given]
