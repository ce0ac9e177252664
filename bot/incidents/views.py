"""What an incident looks like: its part of the card, its forms, and a line in App Home. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.approvals.rules import Row
from bot.foundation.blocks import (
    Markup,
    Section,
    actions,
    button,
    channel_link,
    clip,
    context,
    divider,
    fields,
    header,
    join,
    mention,
    modal,
    moment,
    mrkdwn,
    option,
    quote,
    section,
    select,
    text_input,
)
from bot.incidents import rules
from bot.incidents.models import Incident, IncidentState, Severity, Systems

SIGNS = {Severity.LOW: "🟡", Severity.MEDIUM: "🟠", Severity.HIGH: "🔴"}
HOME_LINES = 10
LED_LINES = 5
LED_TITLE = 120
NAMED = 20
CONFIRM_LOWERING = "incidents.confirm_lowering"
DECLINE_LOWERING = "incidents.decline_lowering"
KINDS = {"impact_scope": "impact", "risk": "risk", "regulatory_exposure": "regulatory exposure", "safety": "safety"}
"""What sort of question a decision node asks, as people read it."""


def card_text(incident: Incident, names: rules.Names) -> Markup:
    """The card in one line, for notifications and screen readers."""
    return mrkdwn(
        "{name} · {system} · {severity}: {title}. {state}",
        name=incident.name,
        system=incident.impact["system_title"],
        severity=incident.severity,
        title=incident.title.rstrip("."),
        state=_state(incident, names),
    )


def card(incident: Incident, names: rules.Names) -> Section:
    """Our part of the card: what happened, how bad, where it stands; what depends on it as detail."""
    title = f"{_sign(incident.severity)} {incident.name} · {incident.impact['system_title']} · {incident.severity}"
    closing = [section(quote(incident.closing_reason))] if incident.closing_reason else []
    return Section(
        [
            header(title),
            section(mrkdwn("*{title}*\n{state}", title=incident.title.strip(), state=_state(incident, names))),
            *closing,
            *_lowering(incident),
            fields(_key_facts(incident, names)),
        ],
        [*_impact(incident), context(path_text(incident)), *_committee(incident)],
    )


def card_buttons(incident: Incident) -> Section:
    """What can be done about the incident, in one row for all capabilities; who is told stays open once it is closed.

    What a click does is registered under the same names in `escalation`, `rollback` and `comms`.
    """
    about = {"incident": incident.name}
    tell = button("Tell people", "comms.open", {"subject": incident.name})
    if incident.state == IncidentState.CLOSED:
        shown = [tell]
    else:
        shown = [
            button("Roll back", "rollback.open", about),
            button("Hand over", "escalation.hand_over", about),
            tell,
            button("Change severity", "incidents.change_severity", about),
            button("Close", "incidents.close", about),
        ]
    if incident.state == IncidentState.OPEN:
        shown.insert(0, button("Acknowledge", "incidents.acknowledge", about, style="primary"))
    if incident.state == IncidentState.ACKNOWLEDGED:
        shown.insert(2, button("Take over", "escalation.take_over", about))
    return Section([actions(*shown, block_id=f"incidents.actions:{incident.name}")])


def path_text(incident: Incident) -> Markup:
    """Why it is so bad, in one line: “*medium* because: 2. Revenue at risk? Yes. Before it: 1. Safety? No.”."""
    asked = [step for step in incident.severity_path if step["node"] != rules.PERSON_NODE]
    changed = [step for step in incident.severity_path if step["node"] == rules.PERSON_NODE]
    because = mrkdwn("*{now}* because: {why}", now=_judged(changed, incident), why=_answers(asked))
    return join(" ", [because, *(mrkdwn("Then *{then}*, by {question}", **step) for step in changed)])


def lowering_proposed(incident: Incident) -> Markup:
    """Say to who lowers a severity that a second person has to confirm it."""
    lowering = incident.lowering or {}
    return mrkdwn(
        "The severity of {name} stays {now} for now: at {to}, nobody from {drops} would be asked to approve a "
        "rollback. Somebody else who may lower it confirms on the card.",
        name=incident.name,
        now=incident.severity,
        to=lowering["to"],
        drops=", ".join(lowering["drops"]),
    )


def who(what: str, rows: Sequence[Row], *, is_asked: bool) -> Markup:
    """Who may approve, in which slot, for whom; and for everybody else why not, those with one reason together."""
    can = [_may(row) for row in rows if row.can]
    asked = "Who may approve" if is_asked else "Who could approve, if it were asked now:"
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.why_not:
            reasons.setdefault(row.why_not.removeprefix(f"{row.name} "), []).append(row.name)
    cannot = [_may_not(names, why) for why, names in reasons.items()]
    nobody = [Markup("Nobody may now.")]
    return join("\n", [mrkdwn("*{asked} {what}*", asked=asked, what=what), *(can or nobody), *cannot])


def _may(row: Row) -> Markup:
    deputy = mrkdwn(", as deputy for {holder}", holder=row.as_deputy_for) if row.as_deputy_for else ""
    return mrkdwn("✅ {name}, as *{slot}*{deputy}", name=row.name, slot=row.slot or "", deputy=deputy)


def _may_not(names: Sequence[str], why: str) -> Markup:
    different = list(dict.fromkeys(names))
    rest = len(different) - NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return mrkdwn("▫️ {who}: {why}", who=f"{', '.join(different[:NAMED])}{more}", why=why.removeprefix("is "))


def severity_form(incident: Incident) -> View:
    """The form that changes the severity."""
    choices = [option(f"{sign} {severity}", severity) for severity, sign in SIGNS.items()]
    explained = mrkdwn(
        "{name} is *{severity}* now. Anybody may raise it. Lowering it is up to its lead, the owner of the system and "
        "the first tier.\nDeadlines and the approvals that are needed change with it at once; a request for approval "
        "that is open is asked again. If an approval would not be needed any more, a second person confirms first.",
        name=incident.name,
        severity=incident.severity,
    )
    parts: list[Block] = [
        section(explained),
        context(path_text(incident)),
        select("severity", "Severity", choices, initial=incident.severity),
        text_input("reason", "Why?", hint="Kept in the trail with your name."),
    ]
    about = {"incident": incident.name}
    return modal("incidents.change_severity", f"Severity of {incident.name}", parts, submit="Change", metadata=about)


def closing_form(incident: Incident, *, open_request: bool) -> View:
    """The form that closes the incident."""
    lines = [mrkdwn("*{name}*: {title}", name=incident.name, title=incident.title)]
    if open_request:
        lines.append(Markup("⚠️ A request for approval is open. Closing makes it void: nothing will be rolled back."))
    lines.append(
        Markup(
            "It cannot be opened again, and nobody is paged about it any more. "
            "A new alert about this version opens a new incident."
        )
    )
    parts: list[Block] = [
        section(join("\n", lines)),
        text_input("reason", "Why is it over?", hint="Kept in the trail with your name, and shown on the card."),
    ]
    about = {"incident": incident.name}
    return modal("incidents.close", f"Close {incident.name}", parts, submit="Close incident", metadata=about)


def report_form(systems: Systems, quoted: str) -> View:
    """The form in which a person reports a problem; `quoted` is the message they report it from."""
    choices = [option(system.title, name) for name, system in sorted(systems.systems.items())]
    parts: list[Block] = [
        section("You do not have to be sure. An incident opens and its owner is told; nothing is changed by it."),
        select("system", "Which system?", choices),
        text_input("what", "What did you see?", initial=quoted, hint="Its first line becomes the title."),
        select("harm", "Could somebody be harmed?", [option("No", "no"), option("Yes, or I am not sure", "yes")]),
        text_input("version", "Which version?", hint="Left empty: the newest.", multiline=False, optional=True),
    ]
    return modal("incidents.report", "Report an AI problem", parts, submit="Report")


def reported(incident: Incident) -> Markup:
    """Say to who reported a problem where it stands now."""
    return mrkdwn(
        "Thank you. This is *{name}* now, severity {severity}, in {channel}. Its owner is told.",
        name=incident.name,
        severity=incident.severity,
        channel=channel_link(incident.channel),
    )


def home(led: Sequence[Incident], incidents: Sequence[Incident], count: int) -> Section:
    """Our part of App Home: what this person leads, then the first of so many open incidents."""
    if not incidents:
        return Section([header("Open incidents"), section("None. All is calm.")])
    shown = [section(_home_line(incident)) for incident in incidents[:HOME_LINES]]
    mine = [header("You lead"), section(join("\n", [*map(_led_line, led[:LED_LINES]), *_more_led(led)]))] if led else []
    rest = count - len(shown)
    more = [context(f"and {rest} more: `/rollback status` lists the next ones")] if rest > 0 else []
    return Section([*mine, header(f"Open incidents: {count}"), *shown[:3]], [*shown[3:], *more, divider()])


def _led_line(incident: Incident) -> Markup:
    due = mrkdwn(" · next update by {due}", due=moment(incident.next_update_at)) if incident.next_update_at else ""
    return mrkdwn(
        "{sign} *{name}* · {title} · {channel}{due}",
        sign=_sign(incident.severity),
        name=incident.name,
        title=clip(incident.title, LED_TITLE),
        channel=channel_link(incident.channel),
        due=due,
    )


def _more_led(led: Sequence[Incident]) -> list[Markup]:
    return [Markup("and more: they stand below, and on their cards")] if len(led) > LED_LINES else []


def _home_line(incident: Incident) -> Markup:
    waiting = incident.state == IncidentState.OPEN
    return mrkdwn(
        "{sign} *{name}* · {system} {version} · severity {severity} · {state} · since {since} · {channel}\n{title}",
        sign=_sign(incident.severity),
        name=incident.name,
        system=incident.impact["system_title"],
        version=incident.version,
        severity=incident.severity,
        state="*nobody has acknowledged it yet*" if waiting else "acknowledged",
        since=moment(incident.opened_at),
        channel=channel_link(incident.channel),
        title=incident.title,
    )


def _state(incident: Incident, names: rules.Names) -> Markup:
    if incident.closed_at:
        return mrkdwn("✅ Closed by {who}, {when}", who=names.closed_by or "Backout", when=moment(incident.closed_at))
    if incident.acknowledged_at:
        when = moment(incident.acknowledged_at)
        return mrkdwn("👀 Acknowledged {when}; *{who}* leads", who=names.lead or "nobody", when=when)
    return Markup("🆕 Nobody has acknowledged it yet")


def _key_facts(incident: Incident, names: rules.Names) -> list[tuple[str, Markup | str]]:
    impact = incident.impact
    listed = "" if impact["version_listed"] else " (a version that systems.yaml does not list)"
    facts: list[tuple[str, Markup | str]] = [
        ("System", f"{incident.system}, version {incident.version}{listed}"),
        ("Last good version", impact["good_version"] or "not known"),
        ("Who is touched", f"{rules.about(impact['users'])} ({impact['share_of_users'] * 100:.0f} % of all)"),
        ("Owner", names.owners or "nobody holds the role"),
        ("Opened", moment(incident.opened_at)),
    ]
    if incident.next_update_at:
        facts.append(("Next update by", moment(incident.next_update_at)))
    return facts


def _impact(incident: Incident) -> list[Block]:
    impact = incident.impact
    return [
        fields(
            [
                ("What it does", impact["does"]),
                ("What depends on it", "; ".join(impact["downstream"]) or "nothing else"),
                ("Customers", impact["customers"]),
                ("Data", impact["data_integrity"]),
                ("Compliance", impact["compliance"]),
            ]
        ),
    ]


def _lowering(incident: Incident) -> list[Block]:
    if incident.lowering is None:
        return []
    text = mrkdwn(
        "🔽 {who} proposes to lower the severity to *{to}*: {reason}\nThen nobody from {drops} would be asked to "
        "approve a rollback. A second person who may lower it confirms; until then it stays {now}.",
        who=mention(incident.lowering["by"]),
        to=incident.lowering["to"],
        reason=incident.lowering["reason"],
        drops=", ".join(incident.lowering["drops"]),
        now=incident.severity,
    )
    about = {"incident": incident.name}
    lower = button(f"Lower to {incident.lowering['to']}", CONFIRM_LOWERING, about)
    stay = button("Leave it as it is", DECLINE_LOWERING, about)
    return [section(text), actions(lower, stay, block_id=f"incidents.lowering:{incident.name}")]


def _committee(incident: Incident) -> list[Block]:
    if incident.committee is None:
        return []
    told = mrkdwn(
        "🏛️ The governance committee was told {when}, because: {question} Yes.",
        when=moment(datetime.fromisoformat(incident.committee["at"])),
        question=incident.committee["question"],
    )
    return [context(told)]


def _sign(severity: str) -> str:
    return SIGNS[Severity(severity)]


def _judged(changed: Sequence[Mapping[str, Any]], incident: Incident) -> str:
    """Return the severity that the questions led to, before anybody changed it."""
    if not changed:
        return incident.severity
    return str(changed[0].get("before") or incident.severity)


def _answers(asked: Sequence[Mapping[str, Any]]) -> Markup:
    numbered = [(number, step) for number, step in enumerate(asked, 1)]
    yes = [_question(number, step) for number, step in numbered if step["answer"] == "yes"]
    no = [_question(number, step) for number, step in numbered if step["answer"] != "yes"]
    if not yes:
        return mrkdwn("every answer was no. {no}", no=join(" ", no))
    return join(" ", [*yes, *([mrkdwn("Before it: {no}", no=join(" ", no))] if no else [])])


def _question(number: int, step: Mapping[str, Any]) -> Markup:
    kind = KINDS.get(step.get("kind") or "", "")
    return mrkdwn(
        "{number}. {question} {answer}{kind}.",
        number=number,
        question=step["question"],
        answer=str(step["answer"]).capitalize(),
        kind=f" ({kind})" if kind and step["answer"] == "yes" else "",
    )
