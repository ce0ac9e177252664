"""Fill an approved template with what is known, show it, and post it word for word."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from sqlmodel import col, or_, select

from bot.comms import rules
from bot.comms.models import Approval, Audience, Briefing, CommsPolicy, Library, Stage, Statement, Template
from bot.comms.rules import Preview, Telling
from bot.foundation import outbox
from bot.foundation.blocks import Markup, moment, mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.models import Posted
from bot.foundation.work import Lane, Reading, Work
from bot.people import rules as people_rules
from bot.people import service as people
from bot.people.models import Directory, RoleKey

CLOSED_FOR = timedelta(days=30)
CHOICES = 100


def brief(work: Work, briefings: Collection[Briefing]) -> None:
    """Note what may be said about some subjects now; replaces what was noted about them before."""
    work.put(Briefing, briefings)


def briefings_of(reading: Reading, subjects: Collection[str]) -> dict[str, Briefing]:
    """Return what may be said about each of these subjects."""
    query = select(Briefing).where(col(Briefing.subject).in_(subjects))
    return {briefing.subject: briefing for briefing in reading.session.exec(query)}


def render(reading: Reading, template_name: str, subject: str) -> Markup:
    """Return an approved template's text about a subject, as `fill` does, by what was noted about it last."""
    return fill(reading, template_name, subject, reading.session.get(Briefing, subject))


def fill(
    reading: Reading,
    template_name: str,
    subject: str,
    briefing: Briefing | None,
    extra: Mapping[str, object] | None = None,
) -> Markup:
    """Return an approved template's text about a subject, safe to send to Slack.

    `extra` adds facts that only the caller knows (for pages: `rules.PAGE_FACTS`); Markup in it is kept as it is. A
    page is filled even when nothing is known of its subject yet.

    Raises:
        Refusal: if there is no such template, it may not be used now, or a fact it needs is not known.
    """
    template = _template(reading, template_name)
    why = why_not_postable(reading, template_name)
    if why:
        raise Refusal(why)
    if briefing is None and template.stage != rules.PAGE:
        raise Refusal(f"Nothing is known about {subject}, so there is nothing to tell.")
    facts = {"incident": subject, **(briefing.facts if briefing else {}), **(extra or {})}
    return rules.fill(template, facts, rules.allowed_facts(template, _audience(reading, template)))


def why_not_postable(reading: Reading, template_name: str) -> str | None:
    """Say why nobody can use a template now, and how to mend that; None if it is approved by whom it must be."""
    template = _template(reading, template_name)
    approval = reading.config[Library].approvals.get(template_name)
    why = rules.why_not_approved(template, approval, reading.now.date())
    audience = _audience(reading, template)
    if why or approval is None or audience is None:
        return why
    return rules.why_not_entitled(template, approval, audience, reading.config[Directory])


def why_not_yours(reading: Reading, person: str, audience: str, system: str | None) -> str | None:
    """Say who may post for an audience instead of this person; None if they may."""
    roles = _may_post(reading.config[CommsPolicy], audience)
    if people.has_role(reading, person, roles, system):
        return None
    directory = reading.config[Directory]
    reached = dict.fromkeys(user for role in roles for user in people.reach(reading, role, system))
    names = ", ".join(people_rules.name_of(directory, user) for user in reached) or "nobody at the moment"
    titles = " or ".join(directory.roles[role].title for role in roles if role in directory.roles)
    return f"Posting this is up to {titles} ({names}). You can copy the text and send it to them."


def preview(reading: Reading, person: str, telling: Telling) -> Preview:
    """Return what a person would post, with what they have not chosen filled in: newest subject, next stage."""
    subjects = _subjects(reading)
    briefing = _chosen(telling.subject, subjects)
    if briefing is None:
        return Preview(telling)
    chosen = _completed(reading, telling, briefing)
    names = [(each.subject, each.title if each.is_open else f"{each.title} (closed)") for each in subjects]
    template = rules.choose(reading.config[Library], chosen.audience, chosen.stage, briefing.incident_type)
    if template is None:
        words = f"messages/{chosen.audience}/{chosen.stage}.md.j2"
        return Preview(chosen, names, why_not=f"Nobody has written {words} yet. Ask communications to write it.")
    return _filled(reading, person, Preview(chosen, names, template), template, briefing)


def post(work: Work, subject: str, template_name: str, *, seen: str | None = None) -> Statement:
    """Post an approved text about a subject in its audience's channel, word for word; the actor must have the right.

    Raises:
        Refusal: if the actor may not post it, it is not approved, a fact is missing, the same words were posted, or
            the words are not those that the actor has `seen`.
    """
    query = select(Briefing).where(Briefing.subject == subject).with_for_update()
    briefing = work.session.exec(query.execution_options(populate_existing=True)).first()
    template = _template(work, template_name)
    audience = _audience(work, template)
    if audience is None or briefing is None:
        raise Refusal(f"{template_name} cannot be posted about {subject}: it is for nobody outside this channel.")
    why = why_not_yours(work, work.actor.id, template.audience, briefing.facts.get("system"))
    if why:
        raise Refusal(why)
    text = render(work, template_name, subject)
    if seen is not None and seen != text:
        raise Refusal("The facts changed at this very moment. Nothing was posted. Look at the new text and post again.")
    last = _last(work, subject, template_name)
    if last is not None and last.text == text:
        raise Refusal(_said_already(work, last, audience))
    said = _keep(work, briefing, template, audience, text, 1 + (last.number if last else 0))
    _announce(work, said, template, audience)
    return said


def statement(reading: Reading, statement_id: str) -> Statement:
    """Return one statement (KeyError if there is none)."""
    found = reading.session.get(Statement, statement_id)
    if found is None:
        raise KeyError(statement_id)
    return found


def statements(reading: Reading, subject: str) -> Sequence[Statement]:
    """Return everything that was posted about a subject, oldest first."""
    query = select(Statement).where(Statement.subject == subject)
    return reading.session.exec(query.order_by(col(Statement.posted_at), col(Statement.id))).all()


def _template(reading: Reading, name: str) -> Template:
    template = reading.config[Library].templates.get(name)
    if template is None:
        raise Refusal(f"There is no template {name} in messages/.")
    return template


def _audience(reading: Reading, template: Template) -> Audience | None:
    """Return whom a statement is for; None for a page, which needs no audience."""
    return None if template.stage == rules.PAGE else reading.config[CommsPolicy].audiences[template.audience]


def _may_post(policy: CommsPolicy, audience: str) -> list[RoleKey]:
    return policy.audiences[audience].may_post or policy.may_post


def _subjects(reading: Reading) -> list[Briefing]:
    """Return what can be told about: what is open, then what was closed lately, the newest first."""
    lately = or_(col(Briefing.is_open), col(Briefing.updated_at) > reading.now - CLOSED_FOR)
    order = (col(Briefing.is_open).desc(), col(Briefing.updated_at).desc(), col(Briefing.subject).desc())
    return list(reading.session.exec(select(Briefing).where(lately).order_by(*order).limit(CHOICES)))


def _chosen(subject: str, subjects: Sequence[Briefing]) -> Briefing | None:
    return next((each for each in subjects if each.subject == subject), next(iter(subjects), None))


def _completed(reading: Reading, telling: Telling, briefing: Briefing) -> Telling:
    policy = reading.config[CommsPolicy]
    audience = telling.audience if telling.audience in policy.audiences else next(iter(policy.audiences))
    told = {each.stage for each in statements(reading, briefing.subject) if each.audience == audience}
    stage = telling.stage if telling.stage in list(Stage) else rules.suggested_stage(told, briefing.is_open)
    return Telling(briefing.subject, audience, stage)


def _filled(reading: Reading, person: str, empty: Preview, template: Template, briefing: Briefing) -> Preview:
    approval: Approval | None = reading.config[Library].approvals.get(template.name)
    last = _last(reading, briefing.subject, template.name)
    text: Markup | None = None
    try:
        text, why = render(reading, template.name, briefing.subject), None
    except Refusal as refusal:
        why = refusal.message
    if last is not None and last.text == text:
        why = _said_already(reading, last, reading.config[CommsPolicy].audiences[template.audience])
    return Preview(
        empty.telling,
        empty.subjects,
        template,
        rules.approval_words(approval, reading.config[Directory]) if approval else "",
        text,
        why,
        why_not_yours(reading, person, template.audience, briefing.facts.get("system")),
        last,
    )


def _last(reading: Reading, subject: str, template: str) -> Statement | None:
    query = select(Statement).where(Statement.subject == subject, Statement.template == template)
    return reading.session.exec(query.order_by(col(Statement.number).desc())).first()


def _said_already(reading: Reading, last: Statement, audience: Audience) -> str:
    name = people_rules.name_of(reading.config[Directory], last.posted_by)
    return (
        f"{name} posted exactly these words for {audience.title} at {last.posted_at:%Y-%m-%d %H:%M} UTC, and no fact "
        "in them has changed since. Choose another stage, or post again when there is news."
    )


def _keep(work: Work, briefing: Briefing, template: Template, audience: Audience, text: str, number: int) -> Statement:
    said = Statement(
        id=work.new_id("said"),
        subject=briefing.subject,
        template=template.name,
        number=number,
        template_digest=template.digest,
        audience=template.audience,
        stage=template.stage,
        channel=audience.channel,
        text=str(text),
        posted_by=work.actor.id,
        posted_at=work.now,
    )
    work.session.add(said)
    work.session.flush()
    return said


def _announce(work: Work, said: Statement, template: Template, audience: Audience) -> None:
    """Let it go out, note it in the trail, and tell the incident's thread."""
    work.enqueue("comms.statement", f"statement:{said.id}", {"statement": said.id}, lane=Lane.PAGE)
    facts = said.model_dump(include={"template", "template_digest", "audience", "stage", "channel", "text"})
    work.record("statement.posted", said.subject, statement=said.id, number=said.number, **facts)
    card = work.session.get(Posted, f"card:{said.subject}")
    if card is not None:
        words = mrkdwn(
            "📣 {who} told {whom}: {what} ({when})",
            who=work.actor.name,
            whom=audience.title,
            what=template.title,
            when=moment(work.now),
        )
        outbox.note(work, card.channel, said.subject, words)
        outbox.refresh_card(work, said.subject)
