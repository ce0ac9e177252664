"""What bodies change: the same, however many of them are read together."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.models import LabelMapping, Signal
from bot.alerts.rules import alertmanager, episodes, mapping
from bot.alerts.rules.alertmanager import Batch
from bot.alerts.rules.episodes import Body, Case, Episode, Event, Told, What
from tests.alerts.samples import alert, body, triggers

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
LATER = "2026-11-21T08:59:00Z"
OPEN_BEFORE: Case = ("shop-recommender", "7")

ALERTS = st.builds(
    alert,
    fingerprint=st.sampled_from("abc"),
    status=st.sampled_from(["firing", "resolved"]),
    startsAt=st.sampled_from(["2026-11-21T08:43:44Z", LATER]),
    labels=st.fixed_dictionaries(
        {"version": st.sampled_from(["7", "8", None]), "metric": st.sampled_from(["conversion_rate", "queue_length"])}
    ),
    annotations=st.fixed_dictionaries({"value": st.sampled_from(["2.1", "3.9"])}),
)
BODIES = st.lists(st.tuples(st.sampled_from(["one", "two"]), st.lists(ALERTS, min_size=1, max_size=3)), max_size=6)


def told(source: str, alerts: Sequence[dict[str, Any]], sequence: int = 1) -> Body:
    """A body as a door brings it and the service understands it; our one system is called as in the samples."""
    batch = alertmanager.read(body(*alerts))
    assert isinstance(batch, Batch)
    return Body(sequence, source, NOW, [_told(source, one) for one in batch.alerts])


def _told(source: str, one: alertmanager.Alert) -> Told:
    subject = mapping.subject_of(one, LabelMapping())
    return Told(one, mapping.dedup_key(source, one), subject, subject.system, subject.version)


class Book:
    """What is known after reading bodies, kept as the service keeps it, with each incident called after its case."""

    def __init__(self) -> None:
        self.known = dict[str, Episode]()
        self.open = {OPEN_BEFORE: "INC-7"}
        self.said = list[tuple[str, What, str, str]]()

    def read(self, bodies: Sequence[Body]) -> list[list[Event]]:
        keys = {one.key for each in bodies for one in each.told}
        news = episodes.read(triggers(), bodies, self.known, self.open, {key: f"sig {key}" for key in keys})
        found = episodes.lines(news.events, self.open)
        named = [(event.episode.dedup_key, self._incident(event)) for line in found for event in line]
        incident_of = {key: name for key, name in named if name}
        for key, episode in news.episodes.items():
            self.known[key] = replace(episode, incident=incident_of.get(key) or episode.incident)
        return found

    def _incident(self, event: Event) -> str | None:
        name = event.episode.incident
        if event.of_open_case:
            name = self.open.setdefault(event.episode.case, f"INC-{event.episode.version}")
        self.said.append((name or "", event.what, event.episode.source, event.episode.dedup_key))
        return name

    def about(self, incident: str) -> list[tuple[str, What, str, str]]:
        """What was said about an incident, in order."""
        return [one for one in self.said if one[0] == incident]


@given(BODIES, st.integers(0, 6))
def test_what_comes_of_bodies_does_not_depend_on_how_many_are_read_together(given_bodies: Any, cut: int) -> None:
    """R013, R103, F1: neither does a crash in between, after which they are read in other portions."""
    bodies = [told(source, alerts, number) for number, (source, alerts) in enumerate(given_bodies)]
    alone, parted, together = Book(), Book(), Book()
    for one in bodies:
        alone.read([one])
    parted.read(bodies[:cut])
    parted.read(bodies[cut:])
    together.read(bodies)
    for book in (parted, together):
        assert book.known == alone.known
        assert book.open == alone.open
        for incident in alone.open.values():
            assert book.about(incident) == alone.about(incident)


@given(BODIES)
def test_the_same_again_changes_nothing_that_was_said_about_a_breach(given_bodies: Any) -> None:
    """R013: every body delivered a second time, after all the others."""
    bodies = [told(source, alerts, number) for number, (source, alerts) in enumerate(given_bodies)]
    book = Book()
    book.read(bodies)
    book.read(bodies)
    before, said = dict(book.known), len(book.about("INC-8"))
    book.read(bodies)
    breached = {key for key, one in before.items() if one.finding in ("breached", "over")}
    assert {key: book.known[key] for key in breached} == {key: before[key] for key in breached}
    assert len(book.about("INC-8")) == said


def test_a_storm_is_one_line_an_incident() -> None:
    """F12: so that people are told once, and the thread is written once."""
    versions = ("7", "8", "9")
    bodies = [
        told("one", [alert(fingerprint=f"f{number}", labels={"version": versions[number % 3]})]) for number in range(60)
    ]
    found = Book().read(bodies)
    assert [len(line) for line in found] == [20, 20, 20]
    assert [line[0].episode.version for line in found] == ["7", "8", "9"]


def test_what_begins_and_ends_in_one_body_is_over_and_in_two_it_was_a_breach() -> None:
    begins, ends = alert(), alert(status="resolved")
    (over,) = Book().read([told("one", [begins, ends])])
    assert (over[0].what, over[0].episode.finding) == (What.RESOLVED, "over")
    breached, resolved = Book().read([told("one", [begins]), told("one", [ends])])
    assert (breached[0].what, resolved[0].what) == (What.BREACHED, What.RESOLVED)
    assert resolved[0].episode.finding == "breached"


def test_an_episode_has_every_column_of_a_signal() -> None:
    """They are written as they are, without the object mapper."""
    assert {one.name for one in fields(Episode)} == set(Signal.model_fields)


def test_only_what_people_look_at_makes_them_look_again() -> None:
    breach, unwatched = told("one", [alert()]), told("one", [alert(labels={"metric": "queue_length"})])
    none = episodes.read(triggers(), [breach], {}, (), {one.key: "sig" for one in breach.told})
    assert not episodes.needs_a_look({}, none)
    new = episodes.read(triggers(), [unwatched], {}, (), {one.key: "sig" for one in unwatched.told})
    assert episodes.needs_a_look({}, new)
    now_watched = episodes.read(triggers(), [breach], new.episodes, (), {})
    assert episodes.needs_a_look(new.episodes, now_watched)
