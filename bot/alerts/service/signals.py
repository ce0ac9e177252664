"""Turn the alerts of one body into signals: new ones, known ones that changed, known ones that did not."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.alerts.models import Finding, InboxItem, Signal, SignalState, Triggers
from bot.alerts.rules import judgement, mapping
from bot.alerts.rules.alertmanager import Alert, Batch
from bot.alerts.rules.judgement import Judgement
from bot.alerts.rules.mapping import Subject
from bot.alerts.service.queries import known_signals
from bot.foundation.work import Work
from bot.incidents import rules as incidents_rules
from bot.incidents import service as incidents
from bot.incidents.models import Systems


@dataclass
class News:
    """What one body changed. A body that brings nothing new leaves all three empty."""

    breached: list[Signal] = field(default_factory=list)
    set_aside: list[Signal] = field(default_factory=list)
    resolved: list[Signal] = field(default_factory=list)


@dataclass(frozen=True)
class _About:
    """An alert, read: what it is about, in the names of our configuration."""

    alert: Alert
    key: str
    subject: Subject
    system: str | None
    version: str | None


def take_in(work: Work, item: InboxItem, batch: Batch) -> News:
    """Store what a body says. The same episode told again changes nothing, in whichever order it is told."""
    read = [_about(work, item.source, alert) for alert in batch.alerts]
    known = known_signals(work, (about.key for about in read))
    news = News()
    for about in read:
        signal = known.get(about.key)
        if signal is None:
            known[about.key] = _new(work, item, about, news)
        elif signal.state == SignalState.FIRING:
            _again(work, item, signal, about, news)
    _store(work, known.values())
    return news


def _about(work: Work, source: str, alert: Alert) -> _About:
    subject = mapping.subject_of(alert, work.config[Triggers].mapping)
    systems = work.config[Systems].systems
    system = incidents_rules.listed_system(systems, subject.system) if subject.system else None
    version = subject.version
    if system and version:
        version = incidents_rules.listed_version(systems[system].versions, version)
    return _About(alert, mapping.dedup_key(source, alert), subject, system, version)


def _new(work: Work, item: InboxItem, about: _About, news: News) -> Signal:
    judged = judgement.judge(work.config[Triggers], about.subject, about.system)
    signal = Signal(
        id=work.new_id("sig"),
        dedup_key=about.key,
        source=item.source,
        inbox_sequence=item.sequence or 0,
        system=about.system or about.subject.system,
        version=about.version,
        metric=about.subject.metric,
        summary=about.subject.summary,
        state=SignalState.FIRING,
        finding=judged.finding,
        labels=dict(about.alert.labels),
        annotations=dict(about.alert.annotations),
        starts_at=mapping.started(about.alert, item.received_at),
        received_at=item.received_at,
    )
    _hold(signal, judged)
    if about.alert.is_firing:
        _sort(signal, news)
    else:
        signal.finding, signal.incident = Finding.OVER, _open_incident(work, about)
        _resolve(signal, about, item, news)
    return signal


def _again(work: Work, item: InboxItem, signal: Signal, about: _About, news: News) -> None:
    """A signal that was firing is told again: it is over, or it may be judged anew if it was not breached."""
    if not about.alert.is_firing:
        _resolve(signal, about, item, news)
        return
    if signal.finding == Finding.BREACHED:
        return
    judged = judgement.judge(work.config[Triggers], about.subject, about.system)
    if judged == Judgement(Finding(signal.finding), signal.trigger, signal.value, signal.note):
        return
    changed = judged.finding != signal.finding
    signal.system, signal.version = about.system or about.subject.system, about.version
    _hold(signal, judged)
    if changed:
        signal.inbox_sequence, signal.seen_at = item.sequence or 0, None
        _sort(signal, news)


def _hold(signal: Signal, judged: Judgement) -> None:
    signal.finding, signal.trigger = judged.finding, judged.trigger
    signal.value, signal.note = judged.value, judged.note


def _sort(signal: Signal, news: News) -> None:
    (news.breached if signal.finding == Finding.BREACHED else news.set_aside).append(signal)


def _resolve(signal: Signal, about: _About, item: InboxItem, news: News) -> None:
    signal.state = SignalState.RESOLVED
    signal.ends_at = about.alert.ends_at or item.received_at
    if signal.finding == Finding.BREACHED and signal.incident is None:
        signal.finding = Finding.OVER  # begun and ended within one body
    news.breached = [one for one in news.breached if one is not signal]
    news.set_aside = [one for one in news.set_aside if one is not signal]
    news.resolved.append(signal)


def _open_incident(work: Work, about: _About) -> str | None:
    if about.system is None or about.version is None:
        return None
    incident = incidents.open_for(work, about.system, about.version)
    return incident.name if incident else None


def _store(work: Work, signals: Iterable[Signal]) -> None:
    work.session.add_all(signals)
    work.session.flush()
