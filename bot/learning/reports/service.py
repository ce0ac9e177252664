"""Gather one incident's whole record."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlmodel import SQLModel, col, select

from bot.alerts.models import Signal
from bot.approvals.models import Question, Request, Vote
from bot.comms.models import Statement
from bot.escalation.models import Escalation
from bot.foundation import policies, trail
from bot.foundation.models import Policy
from bot.foundation.work import Reading
from bot.incidents import service as incidents
from bot.incidents.models import Incident
from bot.learning.reports import rules
from bot.rollback.models import Execution, Plan, StageResult

FORMAT = 1
Json = dict[str, Any]


def export(reading: Reading, name: str) -> Json:
    """Return everything that is known about an incident, as JSON values in an order that never varies.

    Keys: format, exported_at, incident, severity, impact, signals, escalation, plans (with executions and stages),
    approvals (with slots, votes and questions by round), statements, milestones, policies (and which entry
    of the trail recorded each), configurations (those in force meanwhile), people (names by Slack id), trail.
    Times are UTC in ISO 8601.

    Raises:
        Refusal: if there is no such incident.
    """
    incident = incidents.get(reading, name)
    entries = trail.read(reading.session, incident.name)
    plans = _plans(reading, incident.name)
    approvals = _approvals(reading, incident.name)
    history = policies.history(reading)
    record = {
        "format": FORMAT,
        "exported_at": rules.utc(reading.now),
        "incident": rules.row(incident, leave_out=("severity_path", "impact", "policies", "number")),
        "severity": {"now": incident.severity, "path": incident.severity_path},
        "impact": incident.impact,
        "signals": rules.rows(_all(reading, Signal, col(Signal.incident) == incident.name), "received_at"),
        "escalation": _escalation(reading, incident.name, entries),
        "plans": plans,
        "approvals": approvals,
        "statements": rules.rows(_all(reading, Statement, col(Statement.subject) == incident.name), "posted_at"),
        "milestones": rules.milestones(incident, plans, approvals),
        "policies": _policies(reading, incident, approvals, history),
        "configurations": _configurations(history, entries),
        "trail": [rules.entry(entry) for entry in entries],
    }
    return {**record, "people": _people(reading, record)}


def _escalation(reading: Reading, incident: str, entries: Sequence[trail.Entry]) -> Json:
    """Return how far the climb went, and who was brought in, took it, handed it over, and when."""
    climb = reading.session.get(Escalation, incident)
    events = [rules.entry(entry) for entry in entries if rules.is_about_people(entry)]
    return {"now": rules.row(climb) if climb else None, "events": events}


def _plans(reading: Reading, incident: str) -> list[Json]:
    plans = rules.rows(_all(reading, Plan, col(Plan.incident) == incident), "created_at")
    executions = rules.rows(_all(reading, Execution, col(Execution.incident) == incident), "started_at")
    for execution in executions:
        stages = _all(
            reading,
            StageResult,
            col(StageResult.request_id) == execution["request_id"],
            col(StageResult.round) == execution["round"],
        )
        execution["stages"] = [rules.row(stage) for stage in sorted(stages, key=lambda stage: stage.number)]
    return [{**plan, "executions": [one for one in executions if one["plan_id"] == plan["id"]]} for plan in plans]


def _approvals(reading: Reading, incident: str) -> list[Json]:
    requests = rules.rows(_all(reading, Request, col(Request.subject) == incident), "asked_at")
    for request in requests:
        votes = rules.rows(_all(reading, Vote, col(Vote.request_id) == request["id"]), "at", "person")
        questions = rules.rows(_all(reading, Question, col(Question.request_id) == request["id"]), "at")
        numbers = sorted({request["round"], *(one["round"] for one in (*votes, *questions))})
        request["rounds"] = [
            {
                "round": number,
                "votes": [vote for vote in votes if vote["round"] == number],
                "questions": [question for question in questions if question["round"] == number],
            }
            for number in numbers
        ]
    return requests


def _configurations(history: Sequence[policies.InForce], entries: Sequence[trail.Entry]) -> list[Json]:
    found = rules.in_force(history, entries[0].seq, entries[-1].seq) if entries else []
    return [{**asdict(one), "at": rules.utc(one.at)} for one in found]


def _policies(
    reading: Reading, incident: Incident, approvals: Sequence[Json], history: Sequence[policies.InForce]
) -> list[Json]:
    """Return the policies that anything was decided under, by digest, and which entry recorded each."""
    wanted = {*incident.policies.values(), *(request["policy"] for request in approvals)}
    climb = reading.session.get(Escalation, incident.name)
    wanted |= {climb.policy} if climb else set()
    found = _all(reading, Policy, col(Policy.digest).in_(sorted(wanted)))
    kept = [
        {
            "digest": one.digest,
            "kind": one.kind,
            "first_seen_at": rules.utc(one.first_seen_at),
            "recorded_in": rules.recorded_in(history, one.digest),
            "body": one.body,
        }
        for one in found
    ]
    return sorted(kept, key=lambda one: (str(one["kind"]), str(one["digest"])))


def _people(reading: Reading, record: Json) -> dict[str, str]:
    names = {user_id: incidents.name_of(reading, user_id) for user_id in sorted(set(rules.user_ids(record)))}
    return {user_id: name for user_id, name in names.items() if name != user_id}


def _all(reading: Reading, model: type[SQLModel], *where: Any) -> list[Any]:
    return list(reading.session.exec(select(model).where(*where)))
