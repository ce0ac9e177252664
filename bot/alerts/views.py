"""What signals look like on a card, and the message that shows alerts which need a look. Pure."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from slack_sdk.models.blocks import Block, ButtonElement

from bot.alerts.models import InboxItem, Signal, SignalState, Trigger, Triggers
from bot.alerts.rules.judgement import limit_words, value_words
from bot.alerts.rules.triage import Pile, Reported, Triage
from bot.foundation.blocks import (
    Markup,
    Message,
    Section,
    actions,
    button,
    channel_link,
    clip,
    confirm,
    context,
    header,
    join,
    moment,
    mrkdwn,
    quote,
    section,
)

EXCERPT = 200
READ_FOR_EXCERPT = 2000
T = TypeVar("T")


def card(signals: Reported, triggers: Triggers) -> Section:
    """Our part of an incident's card: the first signal with value, limit and since when, and how many there are.

    The other signals, and what the triggers protect, are detail.
    """
    if not signals.first:
        return Section()
    first, *others = (_signal(signal, _trigger(signal, triggers)) for signal in signals.first)
    shown = [section(text) for text in others]
    return Section(
        [section(first), *_count(signals)],
        [*shown, *_more(signals.count - len(signals.first)), *_protected(signals.first, triggers)],
    )


def triage(waiting: Triage) -> Message:
    """The message about alerts that need a look; says so when nothing is left."""
    if not waiting.count:
        return Message("No alert needs a look.", [section("✅ No alert needs a look.")])
    parts: list[Block] = [header(f"Alerts that need a look: {waiting.count}")]
    parts += _pile(waiting.not_understood, "Not understood", "kept as they came", _item)
    parts += _pile(waiting.needs_context, "Context is missing", "no incident was opened", _context_missing)
    parts += _pile(waiting.no_trigger, "No trigger watches this", "no incident was opened", _untriggered)
    parts.append(
        context("Nobody is paged for these. They are shown until somebody has looked, or until they are over.")
    )
    return Message(triage_line(waiting), [*parts, actions(_seen_button(waiting))])


def triage_line(waiting: Triage) -> Markup:
    """The same in one line: “Alerts that need a look: 2 not understood, 1 without context”."""
    counts = (
        (waiting.not_understood.count, "not understood"),
        (waiting.needs_context.count, "without context"),
        (waiting.no_trigger.count, "without a trigger"),
    )
    return join("", ["Alerts that need a look: ", ", ".join(f"{count} {what}" for count, what in counts if count)])


def home(waiting: Triage, channel: str) -> Section:
    """Our part of App Home: a line, when there is something to look at."""
    if not waiting.count:
        return Section()
    return Section([context(mrkdwn("🔎 {line} · {channel}", line=triage_line(waiting), channel=channel_link(channel)))])


def _count(signals: Reported) -> list[Block]:
    """Say how many there are, where it is more than the one that is shown."""
    if signals.count == 1:
        return []
    numbers = f"{signals.count} signals: {signals.firing} firing, {signals.resolved} resolved."
    return [context(f"{numbers} The others stand below.")]


def _protected(signals: Sequence[Signal], triggers: Triggers) -> list[Block]:
    found = [trigger.protects for signal in signals if (trigger := _trigger(signal, triggers))]
    return [context(f"Watched to protect: {' '.join(dict.fromkeys(found))}")] if found else []


def _signal(signal: Signal, trigger: Trigger | None) -> Markup:
    return mrkdwn(
        "{sign}: `{metric}` {value}{limit} · {since}\n{summary}",
        sign="🔺 *Firing*" if signal.state == SignalState.FIRING else "✅ *Resolved*",
        metric=signal.metric.replace("`", "'"),
        value=value_words(signal.value, trigger),
        limit=f", allowed: {limit_words(trigger)}" if trigger else "",
        since=_since(signal),
        summary=clip(quote(clip(signal.summary, 300)), 320),
    )


def _since(signal: Signal) -> Markup:
    since = mrkdwn("since {start}", start=moment(signal.starts_at))
    return join("", [since, " until ", moment(signal.ends_at)]) if signal.ends_at else since


def _trigger(signal: Signal, triggers: Triggers) -> Trigger | None:
    return triggers.triggers.get(signal.trigger) if signal.trigger else None


def _pile(pile: Pile[T], title: str, what: str, line: Callable[[T], Markup]) -> list[Block]:
    if not pile.count:
        return []
    heading = section(mrkdwn("*{title}*: {count}, {what}", title=title, count=pile.count, what=what))
    return [heading, *(section(line(one)) for one in pile.newest), *_more(pile.count - len(pile.newest))]


def _item(item: InboxItem) -> Markup:
    text = item.body[:READ_FOR_EXCERPT].decode("utf-8", "replace")
    return mrkdwn(
        "{source} · {when} · {size} bytes · inbox no. {number}\n{note}\n{excerpt}",
        source=item.source,
        when=moment(item.received_at),
        size=f"{len(item.body):,}",
        number=item.sequence,
        note=item.note,
        excerpt=quote(" ".join(text.split())[:EXCERPT]),
    )


def _context_missing(signal: Signal) -> Markup:
    return mrkdwn(
        "{source} · {metric} · {since}\n{note}\n{summary}",
        source=signal.source,
        metric=signal.metric,
        since=_since(signal),
        note=signal.note,
        summary=quote(clip(signal.summary, 300)),
    )


def _untriggered(signal: Signal) -> Markup:
    return mrkdwn(
        "{source} · {metric} of {system} {version} · value: {value} · {since}\n{summary}",
        source=signal.source,
        metric=signal.metric,
        system=signal.system,
        version=signal.version,
        value=value_words(signal.value, None),
        since=_since(signal),
        summary=quote(clip(signal.summary, 300)),
    )


def _seen_button(waiting: Triage) -> ButtonElement:
    question = confirm(
        "Looked at all of them?",
        "They leave this message for everybody. They stay stored, and your name goes into the trail.",
        "I have looked",
    )
    return button("I have looked at these", "alerts.seen", {"through": waiting.through}, confirm=question)


def _more(count: int) -> list[Block]:
    return [context(f"and {count} more")] if count > 0 else []
