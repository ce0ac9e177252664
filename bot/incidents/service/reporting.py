"""A person reports a problem: their judgement opens a documented case, as one abnormal signal does (R013, R014)."""

from bot.foundation.errors import Refusal
from bot.foundation.work import Work
from bot.incidents.models import Incident
from bot.incidents.service import rights
from bot.incidents.service.opening import open_or_join
from bot.incidents.service.queries import system_named

FAMILY = "user_experience"
SHORTEST_REPORT = 5
LONGEST_VERSION = 120
"""As in alerts; a choice in Slack carries at most 150 characters."""
TITLE_LENGTH = 80


def report(work: Work, *, system: str, version: str, what: str, harm: bool) -> Incident:
    """Open an incident, or join the one that is open about this version, on a person's word.

    Args:
        work: The actor reports.
        system: Its name in `systems.yaml`.
        version: The version that misbehaves; '' for the newest one.
        what: What was seen; its first line becomes the title of a new incident.
        harm: Somebody may be harmed.

    Raises:
        Refusal: with the form field it belongs under (`system`, `version` or `what`).
    """
    rights.need_person(work)
    said = what.strip()
    if len(said) < SHORTEST_REPORT:
        raise Refusal("Say in a few words what you saw.", field="what")
    if len(version.strip()) > LONGEST_VERSION:
        raise Refusal(f"A version has at most {LONGEST_VERSION} characters.", field="version")
    name, known = system_named(work, system)
    title = said.splitlines()[0]
    title = title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1].rstrip()}…"
    reason = f"Reported by {work.actor.name}: {said[:1000]}"
    bad = version.strip() or known.versions[-1]
    return open_or_join(work, system=name, version=bad, title=title, families=[FAMILY], harm=harm, reason=reason)
