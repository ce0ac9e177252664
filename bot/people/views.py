"""What people see of themselves and of who is on duty: parts of App Home. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.foundation.blocks import (
    VIEW_BLOCKS,
    Markup,
    Section,
    context,
    divider,
    fit,
    header,
    join,
    mention,
    moment,
    mrkdwn,
    section,
)
from bot.people.models import Person
from bot.people.rules import Holding

LINES_OF_A_BLOCK = 20
ON_CALL_USAGE = (
    "To put somebody on duty out of turn: `/rollback on-call ml_on_call jonas 4h` (the rota, the person or `me`, and "
    "for how long: `90m`, `4h` or `2d`). `/rollback on-call ml_on_call end` lets the turns count again."
)
HINTS = (
    "`/rollback` asks for a rollback, `/rollback status` shows what is going on, `/rollback help` says the rest",
    "`/comms` finds words that were approved before anything went wrong",
    "On any message: ⋮, then *Report an AI problem*",
)


@dataclass(frozen=True)
class Duty:
    """One person in one role, as the list of who is on duty shows it.

    Attributes:
        title: The role's title.
        system: The system they hold it for, None for every one that names nobody else.
        person: Who it is.
        until: When their turn ends, for rotas.
        is_active: May their account act now?
        deputy: Who stands in for them if it may not, and is active.
        is_at_work: Neither away nor outside their hours; if not, they are asked after the others.
    """

    title: str
    system: str | None
    person: Person
    until: datetime | None = None
    is_active: bool = True
    deputy: Person | None = None
    is_at_work: bool = True


def home(welcome: Section, sections: Sequence[Section]) -> View:
    """A person's App Home: who they are, then every capability's part, within Slack's hundred blocks."""
    return View(type="home", blocks=fit([welcome, *sections], limit=VIEW_BLOCKS))


def closed_door(why: str, user_id: str) -> Section:
    """The Home of somebody who may not act here: why not, and what to do."""
    told = mrkdwn("If you ask somebody to change that, give them your Slack id: `{user}`", user=user_id)
    return Section([header("Backout"), section(why), context(told)])


def welcome(person: Person, held: Sequence[Holding], deputy: Person | None, stands_in_for: Sequence[Person]) -> Section:
    """The head of App Home: who you are here, what you may do, and how to do it."""
    lines = [mrkdwn("You are *{name}*, {title}.", name=person.name, title=person.title), _roles(held)]
    if stands_in_for:
        names = join(", ", [mention(other.slack) for other in stands_in_for])
        lines.append(mrkdwn("You stand in for {names} when they are away.", names=names))
    if deputy:
        lines.append(mrkdwn("{deputy} stands in for you when you are away.", deputy=mention(deputy.slack)))
    return Section([header("Backout"), section(join("\n", lines)), context(*map(Markup, HINTS)), divider()])


def on_duty(duties: Sequence[Duty], now: datetime) -> Section:
    """Who is on duty: rotas first, then each role with its people and their local time."""
    turns = [duty for duty in duties if duty.until]
    standing = [duty for duty in duties if not duty.until]
    blocks: list[Block] = [header("On duty now")]
    blocks += _paragraphs(None, [_line(duty, now, duty.title) for duty in turns])
    detail: list[Block] = []
    for title, group in _by_title(standing).items():
        detail += _paragraphs(title, [_line(duty, now, duty.system or "") for duty in group])
    return Section(blocks, detail)


def rotas(duties: Sequence[Duty], now: datetime) -> Markup:
    """Say who is on duty in every rota, until when, and how to change it."""
    if not duties:
        return Markup("No role goes by turns: `config/people.yaml` has no rota.")
    return join("\n", [*(_line(duty, now, duty.title) for duty in duties), Markup(ON_CALL_USAGE)])


def duty_taken(title: str, person: Person, until: datetime) -> Markup:
    """Say that somebody is on duty out of turn."""
    return mrkdwn(
        "{who} is on duty as {title} until {until}. Then the turns count again; `/rollback on-call` shows them.",
        who=mention(person.slack),
        title=title,
        until=moment(until),
    )


def duty_ended(title: str, person: Person) -> Markup:
    """Say that the turns of a rota count again."""
    return mrkdwn("The turns of {title} count again: {who} is on duty.", title=title, who=mention(person.slack))


def _roles(held: Sequence[Holding]) -> Markup:
    if not held:
        return Markup("You hold no role here: you can look on, report problems and ask for a rollback.")
    named: dict[str, list[str]] = {}
    for holding in held:
        named.setdefault(holding.title, []).extend([holding.system] if holding.system else [])
    parts = [f"{title} ({', '.join(systems)})" if systems else title for title, systems in named.items()]
    return mrkdwn("Your roles: {roles}.", roles="; ".join(parts))


def _line(duty: Duty, now: datetime, label: str) -> Markup:
    who = _person(duty.person, now)
    if not duty.is_active:
        instead = join("", [_person(duty.deputy, now), " acts for them"]) if duty.deputy else "nobody acts for them"
        who = mrkdwn("{name} cannot act now; {instead}", name=duty.person.name, instead=instead)
    if duty.is_active and not duty.is_at_work:
        who = mrkdwn("{who}, not at work now", who=who)
    until = mrkdwn(", until {until}", until=moment(duty.until)) if duty.until else ""
    start = mrkdwn("{label}: ", label=label) if label else ""
    return join("", ["• ", start, who, until])


def _person(person: Person, now: datetime) -> Markup:
    local = now.astimezone(ZoneInfo(person.zone))
    city = person.zone.rsplit("/", 1)[-1].replace("_", " ")
    return mrkdwn("{who} ({time} in {city})", who=mention(person.slack), time=f"{local:%H:%M}", city=city)


def _by_title(duties: Iterable[Duty]) -> Mapping[str, list[Duty]]:
    groups: dict[str, list[Duty]] = {}
    for duty in duties:
        groups.setdefault(duty.title, []).append(duty)
    return groups


def _paragraphs(title: str | None, lines: Sequence[Markup]) -> list[Block]:
    """Lay lines out in blocks that stay within Slack's budget for one text."""
    parts = [lines[start : start + LINES_OF_A_BLOCK] for start in range(0, len(lines), LINES_OF_A_BLOCK)]
    head = [mrkdwn("*{title}*", title=title)] if title else []
    return [section(join("\n", [*(head if index == 0 else []), *part])) for index, part in enumerate(parts)]
