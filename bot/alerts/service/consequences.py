"""What follows from what bodies say: incidents opened or joined, threads and cards brought up to date, the trail."""

from collections.abc import Iterable, Mapping, Sequence

from bot.alerts.models import Trigger, Triggers
from bot.alerts.rules import episodes, judgement
from bot.alerts.rules.episodes import Case, Episode, Event, What
from bot.alerts.rules.mapping import number_words
from bot.foundation import outbox
from bot.foundation.blocks import mrkdwn
from bot.foundation.work import Work
from bot.incidents import rules as incidents_rules
from bot.incidents import service as incidents
from bot.incidents.models import Incident


def draw(work: Work, events: Sequence[Event], open_incidents: Mapping[Case, Incident]) -> dict[str, str]:
    """Let everything happen that follows: one line an incident, however many signals. Returns new members by key."""
    now_open, incident_of = dict(open_incidents), dict[str, str]()
    names = {case: incident.name for case, incident in now_open.items()}
    for line in episodes.lines(events, names):
        told = [event.episode for event in line]
        match line[0].what:
            case What.BREACHED:
                incident = now_open[told[0].case] = _breached(work, told, now_open.get(told[0].case))
                incident_of |= {episode.dedup_key: incident.name for episode in told}
            case What.RESOLVED:
                joined = now_open.get(told[0].case) if line[0].of_open_case else None
                _resolved(work, told, joined.name if joined else told[0].incident)
                incident_of |= {episode.dedup_key: joined.name for episode in told if joined}
            case What.SET_ASIDE:
                _set_aside(work, told)
    return incident_of


def _breached(work: Work, told: Sequence[Episode], found: Incident | None) -> Incident:
    triggers = [_trigger(work, episode) for episode in told]
    first = triggers[0]
    system, version = told[0].case
    incident = incidents.open_or_join(
        work,
        system=system,
        version=version,
        title=first.title,
        families=sorted({trigger.family for trigger in triggers}),
        harm=any(trigger.harm for trigger in triggers),
        reason=_reason(told, first),
        found=found,
    )
    why = f"{len(told)} from {told[0].source} crossed a limit."
    work.record("signal.breached", incident.name, why=why, signals=_facts(told))
    return incident


def _resolved(work: Work, told: Sequence[Episode], name: str | None) -> None:
    source = told[0].source
    metrics = ", ".join(sorted({episode.metric for episode in told}))
    why = f"{source} says that this is over: {metrics}."
    work.record("signal.resolved", name or f"alerts:{source}", why=why, signals=_facts(told))
    if name:
        incident = incidents.get(work, name)
        text = mrkdwn("✅ {why} The incident stays open until a person closes it.", why=why)
        outbox.note(work, incident.channel, name, text if incident.closed_at is None else mrkdwn("✅ {why}", why=why))
        outbox.refresh_card(work, name)


def _set_aside(work: Work, told: Sequence[Episode]) -> None:
    source, finding = told[0].source, told[0].finding
    why = f"{len(told)} from {source}: {finding.replace('_', ' ')}."
    work.record("signal.set_aside", f"alerts:{source}", why=why, signals=_facts(told))


def _reason(told: Sequence[Episode], trigger: Trigger) -> str:
    first = told[0]
    since = incidents_rules.utc_words(first.starts_at)
    words = judgement.breach_words(first.metric, first.value, trigger, since)
    more = f" And {len(told) - 1} more at the same time." if len(told) > 1 else ""
    return f"{words}{more} Reported by {first.source}."


def _trigger(work: Work, episode: Episode) -> Trigger:
    assert episode.trigger is not None  # noqa: S101 - a breach is the breach of a trigger
    return work.config[Triggers].triggers[episode.trigger]


def _facts(told: Iterable[Episode]) -> list[dict[str, str | None]]:
    return [
        {
            "signal": episode.id,
            "metric": episode.metric,
            "system": episode.system,
            "version": episode.version,
            "value": None if episode.value is None else number_words(episode.value),
            "trigger": episode.trigger,
            "finding": episode.finding,
            "started": incidents_rules.utc_words(episode.starts_at),
        }
        for episode in told
    ]
