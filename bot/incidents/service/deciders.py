"""Who may decide about a rollback: of what is asked in an incident now, or of what could be asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.approvals import rules as approvals_rules
from bot.approvals import service as approvals
from bot.foundation.errors import Refusal
from bot.foundation.work import Reading
from bot.incidents import rules
from bot.incidents.models import SeverityPolicy
from bot.incidents.service.queries import get, system_named
from bot.incidents.service.severity import ROLLBACK


@dataclass(frozen=True)
class Deciders:
    """Everybody, those who may approve first. `is_asked`: it is being decided; else: if it were asked now."""

    what: str
    rows: Sequence[approvals_rules.Row]
    is_asked: bool


def deciders(reading: Reading, typed: str) -> Deciders:
    """Return who may approve a rollback in an incident (`INC-1`), or of a system by its name.

    Raises:
        Refusal: for an incident or a system that is not there, and when nothing was typed.
    """
    if not typed.strip():
        raise Refusal("Who may approve what? Type an incident or a system: `/rollback who INC-1`.")
    if not typed.strip().lower().startswith("inc-"):
        name, system = system_named(reading, typed)
        facts = rules.Facts(system.tags, system.downstream, system.share_of_users)
        severity, _path = rules.classify(reading.config[SeverityPolicy], facts)
        return _if_asked(reading, name, approvals_rules.Situation(severity, system.tags, system.share_of_users))
    incident = get(reading, typed)
    request = approvals.open_request(reading, incident.name)
    if request is not None:
        return Deciders(f"{incident.name}: {request.summary}", approvals.who(reading, request), is_asked=True)
    impact = incident.impact
    situation = approvals_rules.Situation(incident.severity, impact["tags"], impact["share_of_users"])
    return _if_asked(reading, incident.system, situation)


def _if_asked(reading: Reading, system: str, situation: approvals_rules.Situation) -> Deciders:
    rows = approvals.who_could(reading, ROLLBACK, system, situation, None)
    return Deciders(f"a rollback of {system}, severity {situation.severity}", rows, is_asked=False)
