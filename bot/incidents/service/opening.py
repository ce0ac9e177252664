"""An incident begins, or what came in belongs to one that is open."""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from bot.comms import service as comms
from bot.escalation import service as escalation
from bot.foundation import outbox
from bot.foundation.blocks import mrkdwn
from bot.foundation.work import Lane, Work
from bot.incidents import rules
from bot.incidents.models import Incident, SeverityPolicy, System, Systems
from bot.incidents.service import briefing
from bot.incidents.service.queries import open_for, system_named
from bot.incidents.service.severity import bring_to_committee, policy_of, set_severity
from bot.people import rules as people
from bot.people import service as people_service

TITLE = 200


def open_or_join(
    work: Work,
    *,
    system: str,
    version: str,
    title: str,
    families: Sequence[str],
    harm: bool,
    reason: str,
    found: Incident | None = None,
) -> Incident:
    """Return the one open incident about this version of this system, opened now if there was none.

    A new one is classified, briefed, shown and escalated at once. One that is joined keeps its title; if what joins
    it makes it worse by the policy it was opened under, its severity is raised.

    Args:
        work: The actor counts as the one who opened it.
        system: Its name in `systems.yaml` (any case).
        version: The version that is bad.
        title: What happened, in a few words.
        families: The families of the signals that came in, as triggers name them; empty for a person's report.
        harm: Somebody may be harmed.
        reason: One or two sentences for the thread and the trail: what was seen.
        found: The one that is open, if this Work has it from `open_among`.

    Raises:
        Refusal: for a system that is not in `systems.yaml`.
    """
    name, known = system_named(work, system)
    version = rules.listed_version(known.versions, version)
    found = found or open_for(work, name, version)
    if found is None:
        new = _draft(work, name, known, version, title)
        new.families, new.harm = sorted(set(families)), harm
        try:
            with work.savepoint():
                _insert(work, new)
        except IntegrityError:  # somebody else opened it at the same moment: the schema lets only one through
            found = open_for(work, name, version)
            if found is None:
                raise
        else:
            return _begin(work, new, reason)
    return _join(work, found, families, harm=harm, reason=reason)


def _draft(work: Work, name: str, system: System, version: str, title: str) -> Incident:
    directory = people_service.directory_now(work)
    owners = [people.slack_id(directory, key) for key in people.holders(directory, system.owner, name, work.now)]
    return Incident(
        name="",
        number=0,
        system=name,
        version=version,
        severity="",
        severity_path=[],
        impact=rules.impact_of(system, version, owners),
        title=" ".join(title.split())[:TITLE],
        channel=system.channel,
        opened_at=work.now,
        opened_by=work.actor.id if work.actor.kind == "person" else work.actor.name,
        policies={"systems": work.pin(Systems), "severity": work.pin(SeverityPolicy)},
    )


def _insert(work: Work, incident: Incident) -> None:
    incident.number = work.next_number("incident")
    incident.name = f"INC-{incident.number}"
    policy = work.config[SeverityPolicy]
    severity, incident.severity_path = rules.classify(policy, rules.facts_of(incident))
    incident.severity = severity
    incident.next_update_at = rules.next_update(work.now, policy.update_every[severity], work.now)
    work.session.add(incident)
    work.session.flush()


def _begin(work: Work, incident: Incident, reason: str) -> Incident:
    work.record(
        "incident.opened",
        incident.name,
        why=reason,
        policy=incident.policies["severity"],
        system=incident.system,
        version=incident.version,
        severity=incident.severity,
        severity_path=incident.severity_path,
        impact=incident.impact,
        families=incident.families,
        harm=incident.harm,
    )
    outbox.refresh_card(work, incident.name, Lane.PAGE)  # it stands before anybody is paged and told to press it
    text = mrkdwn("Opened by {who}. {why}", who=work.actor.name, why=reason)
    outbox.note(work, incident.channel, incident.name, text)
    opened = mrkdwn(
        "{incident} was opened: {system}, version {version}, severity {severity}. {text}",
        incident=incident.name, system=incident.system, version=incident.version, severity=incident.severity, text=text,
    )  # fmt: skip
    comms.must_reach(
        work, f"card:{incident.name}", subject=incident.name, channel=incident.channel, people=[], text=opened
    )
    briefing.refresh(work, incident)
    escalation.start(work, incident.name, system=incident.system, severity=incident.severity, channel=incident.channel)
    bring_to_committee(work, incident)
    return incident


def _join(work: Work, incident: Incident, families: Sequence[str], *, harm: bool, reason: str) -> Incident:
    work.record("incident.signal_joined", incident.name, why=reason, families=list(families), harm=harm)
    outbox.note(work, incident.channel, incident.name, mrkdwn("{who}: {why}", who=work.actor.name, why=reason))
    outbox.refresh_card(work, incident.name)  # a signal more changes nothing that may be said, and no Home
    if (harm and not incident.harm) or not set(families) <= set(incident.families):
        _worsen(work, incident, families, harm=harm)
    return incident


def _worsen(work: Work, incident: Incident, families: Sequence[str], *, harm: bool) -> None:
    """Take in what an incident did not know; its severity is raised if that makes it worse."""
    policy = policy_of(work, incident)
    before, _ = rules.classify(policy, rules.facts_of(incident))
    incident.families = sorted({*incident.families, *families})
    incident.harm = incident.harm or harm
    work.session.add(incident)
    work.session.flush()
    after, path = rules.classify(policy, rules.facts_of(incident))
    if rules.is_worse(after, before) and rules.is_worse(after, incident.severity):
        set_severity(work, incident, after, path, "What came in since makes it worse.")
    else:
        bring_to_committee(work, incident)
