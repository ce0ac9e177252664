"""What do bodies change? What is known goes in; what it is afterwards, and what happened on the way, come out. Pure.

An episode is what one source reports under one fingerprint and start: a signal, as plain data. Bodies are read in their
order, and what comes of them does not depend on how many are read together: the same episodes, the same incidents.
Only the lines are fewer, because what happens in one thread one after the other in the same way is said together.

A body says what is so when it is sent, so what begins and ends within one body is over; what begins in one body and
ends in the next one was a breach, and opens an incident.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.alerts.models import Finding, SignalState, Triggers
from bot.alerts.rules import judgement, mapping
from bot.alerts.rules.alertmanager import Alert
from bot.alerts.rules.judgement import Judgement
from bot.alerts.rules.mapping import Subject

Case = tuple[str, str]
"""What an incident is about: a system and a version of it."""
TO_LOOK_AT = frozenset({Finding.NEEDS_CONTEXT, Finding.NO_TRIGGER})
"""Findings that are shown until somebody has looked."""


@dataclass(frozen=True, slots=True)
class Told:
    """One alert of a body, in the names of our configuration; None where it says nothing that we know."""

    alert: Alert
    key: str
    subject: Subject
    system: str | None
    version: str | None

    @property
    def case(self) -> Case | None:
        """What an incident would be about."""
        return (self.system, self.version) if self.system and self.version else None


@dataclass(frozen=True, slots=True)
class Body:
    """One body of the inbox, understood."""

    sequence: int
    source: str
    received_at: datetime
    told: Sequence[Told]


@dataclass(frozen=True, slots=True)
class Episode:
    """A signal at one moment, see `models.Signal`. Labels and annotations are there if it is new."""

    id: str
    dedup_key: str
    source: str
    inbox_sequence: int
    system: str | None
    version: str | None
    metric: str
    value: float | None
    summary: str
    state: str
    finding: str
    trigger: str | None
    incident: str | None
    note: str
    starts_at: datetime
    ends_at: datetime | None
    received_at: datetime
    seen_at: datetime | None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def case(self) -> Case:
        """What an incident would be about."""
        return self.system or "", self.version or ""


class What(StrEnum):
    """What can happen to an episode?"""

    BREACHED = "breached"
    RESOLVED = "resolved"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to an episode, as it was then.

    Attributes:
        of_open_case: It belongs to the incident that is open about its case by then, or opened because of it.
    """

    what: What
    episode: Episode
    of_open_case: bool = False


@dataclass(frozen=True)
class News:
    """What bodies changed.

    Attributes:
        episodes: By key, those that are new or changed, as they are now.
        events: What happened, in order. Empty if the bodies brought nothing new.
    """

    episodes: Mapping[str, Episode]
    events: Sequence[Event]


def read(
    triggers: Triggers,
    bodies: Iterable[Body],
    known: Mapping[str, Episode],
    open_cases: Collection[Case],
    ids: Mapping[str, str],
) -> News:
    """Read bodies in their order. The same episode told again changes nothing, in whichever order it is told.

    Args:
        triggers: What judges them.
        bodies: What came in.
        known: The episodes that we have, by key.
        open_cases: What the open incidents are about.
        ids: What new episodes will be called, by key.
    """
    reader = _Reader(triggers, known, ids, set(open_cases))
    for body in bodies:
        reader.take(body)
    return News(reader.changed, reader.events)


def lines(events: Iterable[Event], names: Mapping[Case, str]) -> list[list[Event]]:
    """Put together what is said in one line: what happens in one thread one after the other in the same way.

    Args:
        events: What happened, in order.
        names: What the open incidents are called.
    """
    threads = dict[str, list[list[Event]]]()
    for event in events:
        found = threads.setdefault(_thread(event, names), [])
        if found and _manner(found[-1][-1]) == _manner(event):
            found[-1].append(event)
        else:
            found.append([event])
    return [line for thread in threads.values() for line in thread]


def needs_a_look(known: Mapping[str, Episode], news: News) -> bool:
    """Say whether what people are asked to look at may have changed."""
    before = (known[key].finding for key in news.episodes if key in known)
    after = (episode.finding for episode in news.episodes.values())
    return any(finding in TO_LOOK_AT for finding in (*before, *after))


def _thread(event: Event, names: Mapping[Case, str]) -> str:
    """Return where something is said: under an incident, one that is yet to be opened, or what a source reports."""
    episode = event.episode
    if event.of_open_case:
        return names.get(episode.case) or "\n".join(episode.case)
    return episode.incident or f"alerts:{episode.source}:{episode.finding}"


def _manner(event: Event) -> tuple[str, str]:
    return event.what, event.episode.source


class _Reader:
    """Goes from body to body and remembers what they changed."""

    def __init__(
        self, triggers: Triggers, known: Mapping[str, Episode], ids: Mapping[str, str], open_cases: set[Case]
    ) -> None:
        self.changed = dict[str, Episode]()
        self.events = list[Event]()
        self._triggers, self._known, self._ids, self._open = triggers, known, ids, open_cases
        self._opened = set[str]()  # episodes that an earlier body has brought into an incident
        self._here = dict[str, Event]()  # what this body has done to each episode

    def take(self, body: Body) -> None:
        """Read one body: what it opens comes before what it ends, as it is sent in one piece."""
        self._here = {}
        for told in body.told:
            episode = self.changed.get(told.key) or self._known.get(told.key)
            if episode is None:
                self._begin(body, told)
            elif episode.state == SignalState.FIRING:
                self._again(body, told, episode)
        for what in What:
            self.events += [event for event in self._here.values() if event.what == what]
        breached = [event.episode for event in self._here.values() if event.what == What.BREACHED]
        self._opened |= {episode.dedup_key for episode in breached}
        self._open |= {episode.case for episode in breached}

    def _begin(self, body: Body, told: Told) -> None:
        episode = _new(body, told, self._ids[told.key], self._judged(told))
        if told.alert.is_firing:
            self._keep(episode, _sorted(episode))
        else:
            over = replace(_ended(body, told, episode), finding=Finding.OVER)
            self._keep(over, Event(What.RESOLVED, over, of_open_case=told.case in self._open))

    def _again(self, body: Body, told: Told, episode: Episode) -> None:
        """An episode that goes on is told again: it is over, or it may be judged anew if it was not breached."""
        if not told.alert.is_firing:
            self._end(body, told, episode)
        elif episode.finding != Finding.BREACHED:
            self._judge_anew(body, told, episode)

    def _judge_anew(self, body: Body, told: Told, episode: Episode) -> None:
        judged = self._judged(told)
        if judged == Judgement(Finding(episode.finding), episode.trigger, episode.value, episode.note):
            return
        now = replace(
            episode,
            system=told.system or told.subject.system,
            version=told.version,
            finding=judged.finding,
            trigger=judged.trigger,
            value=judged.value,
            note=judged.note,
        )
        if judged.finding == episode.finding:
            self._keep(now, None)
        else:
            now = replace(now, inbox_sequence=body.sequence, seen_at=None)
            self._keep(now, _sorted(now))

    def _end(self, body: Body, told: Told, episode: Episode) -> None:
        ended, here = _ended(body, told, episode), self._here.pop(told.key, None)
        if here is not None and here.what == What.BREACHED:
            ended = replace(ended, finding=Finding.OVER)  # begun and ended within one body
        self._keep(ended, Event(What.RESOLVED, ended, of_open_case=told.key in self._opened))

    def _keep(self, episode: Episode, event: Event | None) -> None:
        self.changed[episode.dedup_key] = episode
        if event is not None:
            self._here[episode.dedup_key] = event
        elif (here := self._here.get(episode.dedup_key)) is not None:
            self._here[episode.dedup_key] = replace(here, episode=episode)

    def _judged(self, told: Told) -> Judgement:
        return judgement.judge(self._triggers, told.subject, told.system)


def _new(body: Body, told: Told, name: str, judged: Judgement) -> Episode:
    return Episode(
        id=name,
        dedup_key=told.key,
        source=body.source,
        inbox_sequence=body.sequence,
        system=told.system or told.subject.system,
        version=told.version,
        metric=told.subject.metric,
        value=judged.value,
        summary=told.subject.summary,
        state=SignalState.FIRING,
        finding=judged.finding,
        trigger=judged.trigger,
        incident=None,
        note=judged.note,
        starts_at=mapping.started(told.alert, body.received_at),
        ends_at=None,
        received_at=body.received_at,
        seen_at=None,
        labels=told.alert.labels,
        annotations=told.alert.annotations,
    )


def _ended(body: Body, told: Told, episode: Episode) -> Episode:
    return replace(episode, state=SignalState.RESOLVED, ends_at=told.alert.ends_at or body.received_at)


def _sorted(episode: Episode) -> Event:
    if episode.finding == Finding.BREACHED:
        return Event(What.BREACHED, episode, of_open_case=True)
    return Event(What.SET_ASIDE, episode)
