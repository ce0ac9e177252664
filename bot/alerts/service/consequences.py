"""What follows from one body: incidents opened or joined, threads and cards brought up to date, the trail."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from bot.alerts.models import Signal, Trigger, Triggers
from bot.alerts.rules import judgement
from bot.alerts.rules.mapping import number_words
from bot.alerts.service.signals import News
from bot.foundation import outbox
from bot.foundation.blocks import mrkdwn
from bot.foundation.work import Work
from bot.incidents import rules as incidents_rules
from bot.incidents import service as incidents


def draw(work: Work, source: str, news: News) -> None:
    """Let everything happen that follows from what a body changed: one line per incident, however many signals."""
    for signals in _groups(news.breached, lambda signal: f"{signal.system}\n{signal.version}"):
        _breached(work, source, signals)
    for signals in _groups(news.resolved, lambda signal: signal.incident or ""):
        _resolved(work, source, signals)
    for signals in _groups(news.set_aside, lambda signal: signal.finding):
        why = f"{len(signals)} from {source}: {signals[0].finding.replace('_', ' ')}."
        work.record("signal.set_aside", f"alerts:{source}", why=why, signals=_facts(signals))


def _breached(work: Work, source: str, signals: Sequence[Signal]) -> None:
    triggers = [_trigger(work, signal) for signal in signals]
    first = triggers[0]
    incident = incidents.open_or_join(
        work,
        system=signals[0].system or "",
        version=signals[0].version or "",
        title=first.title,
        families=sorted({trigger.family for trigger in triggers}),
        harm=any(trigger.harm for trigger in triggers),
        reason=_reason(source, signals, first),
    )
    for signal in signals:
        signal.incident = incident.name
    work.session.add_all(signals)
    work.session.flush()
    why = f"{len(signals)} from {source} crossed a limit."
    work.record("signal.breached", incident.name, why=why, signals=_facts(signals))


def _resolved(work: Work, source: str, signals: Sequence[Signal]) -> None:
    name = signals[0].incident
    metrics = ", ".join(sorted({signal.metric for signal in signals}))
    why = f"{source} says that this is over: {metrics}."
    work.record("signal.resolved", name or f"alerts:{source}", why=why, signals=_facts(signals))
    if name:
        incident = incidents.get(work, name)
        text = mrkdwn("✅ {why} The incident stays open until a person closes it.", why=why)
        outbox.note(work, incident.channel, name, text if incident.closed_at is None else mrkdwn("✅ {why}", why=why))
        outbox.refresh_card(work, name)


def _reason(source: str, signals: Sequence[Signal], trigger: Trigger) -> str:
    first = signals[0]
    since = incidents_rules.utc_words(first.starts_at)
    words = judgement.breach_words(first.metric, first.value, trigger, since)
    more = f" And {len(signals) - 1} more in the same message." if len(signals) > 1 else ""
    return f"{words}{more} Reported by {source}."


def _trigger(work: Work, signal: Signal) -> Trigger:
    assert signal.trigger is not None  # noqa: S101 - a breach is the breach of a trigger
    return work.config[Triggers].triggers[signal.trigger]


def _facts(signals: Iterable[Signal]) -> list[dict[str, str | None]]:
    return [
        {
            "signal": signal.id,
            "metric": signal.metric,
            "system": signal.system,
            "version": signal.version,
            "value": None if signal.value is None else number_words(signal.value),
            "trigger": signal.trigger,
            "finding": signal.finding,
            "started": incidents_rules.utc_words(signal.starts_at),
        }
        for signal in signals
    ]


def _groups(signals: Iterable[Signal], key: Callable[[Signal], str]) -> list[list[Signal]]:
    """Group signals, keeping the order in which they came within each group."""
    return [list(group) for _, group in groupby(sorted(signals, key=key), key)]
