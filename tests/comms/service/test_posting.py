"""What may be said, showing it, and saying it word for word."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.comms import service
from bot.comms.models import Briefing, Stage, Statement
from bot.foundation import trail
from bot.foundation.blocks import Markup, mention
from bot.foundation.db import Store
from bot.foundation.errors import Refusal
from bot.foundation.models import OutboxRow, Posted
from bot.foundation.work import Work
from bot.people.service import remember
from tests.comms.desk import BEN, CARLA, MAYA, SYSTEM, approval, brief, desk, look, template, with_library
from tests.support.clock import MORNING, VirtualClock

INITIAL = "customers/initial-chatbot"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def store(tmp_path: Path, clock: VirtualClock) -> Iterator[Store]:
    store = desk(tmp_path, clock=clock)
    store.submit_now(SYSTEM, brief)
    yield store
    store.close()


def _rows(store: Store, kind: str) -> list[OutboxRow]:
    return store.read_now(lambda reading: list(reading.session.exec(select(OutboxRow).where(OutboxRow.kind == kind))))


def _refused(store: Store, person: Any, subject: str = "INC-42", name: str = INITIAL, **more: Any) -> str:
    with pytest.raises(Refusal) as caught:
        store.submit_now(person, lambda work: service.post(work, subject, name, **more))
    return caught.value.message


# --- the facts --------------------------------------------------------------------------------------------------------


def test_the_facts_told_last_are_those_that_count(store: Store) -> None:
    store.submit_now(SYSTEM, lambda work: brief(work, users="about 12,000 users", is_open=False))
    (briefing,) = store.read_now(lambda reading: reading.session.exec(select(Briefing)).all())
    assert briefing.facts["users"] == "about 12,000 users"
    assert not briefing.is_open
    assert "about 12,000 users" in store.read_now(service.render, INITIAL, "INC-42")


# --- rendering --------------------------------------------------------------------------------------------------------


def test_an_approved_template_is_filled_with_facts(store: Store) -> None:
    text = store.read_now(service.render, INITIAL, "INC-42")
    assert isinstance(text, Markup)
    assert text.startswith("We have noticed a problem with “Support bot”")
    assert "Reference: INC-42" in text


def test_a_page_takes_what_only_escalation_knows(store: Store) -> None:
    extra = {"people": mention("U0MAYA0001"), "deadline": "soon", "next_tier": "Leadership & <!here>"}
    known = store.read_now(service.briefings_of, ["INC-42", "INC-77"])
    assert list(known) == ["INC-42"]
    text = store.read_now(service.fill, "page/tier-1", "INC-42", known["INC-42"], extra)
    assert text.startswith("🔔 <@U0MAYA0001>\n*INC-42: Support bot 2026.11, severity high*")
    assert "*By when:* soon" in text
    assert "Leadership &amp; &lt;!here&gt;" in text


def test_a_page_goes_out_even_when_nothing_is_known_yet(store: Store) -> None:
    text = store.read_now(service.render, "page/tier-1", "INC-77")
    assert "*INC-77: not known not known, severity not known*" in text


@pytest.mark.parametrize(
    ("name", "subject", "words"),
    [
        ("customers/nonsense", "INC-42", "There is no template customers/nonsense in messages/."),
        (INITIAL, "INC-77", "Nothing is known about INC-77, so there is nothing to tell."),
    ],
)
def test_what_cannot_be_filled_is_refused(store: Store, name: str, subject: str, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        store.read_now(service.render, name, subject)
    assert caught.value.message == words


@pytest.mark.parametrize(
    ("approvals", "words"),
    [
        ({}, "has not been approved"),
        ({"customers/initial": approval(digest="sha256:" + "1" * 64)}, "was edited after it was approved"),
        ({"customers/initial": approval(review_by="2026-11-20")}, "ended on 20 November 2026"),
        ({"customers/initial": approval(approved_by=["maya"])}, "for customers it needs Communications"),
    ],
)
def test_words_that_are_not_approved_go_nowhere(tmp_path: Path, approvals: Any, words: str) -> None:
    """R117, R118, R122: neither posted nor shown for copying."""
    store = desk(tmp_path, with_library(template("Secret {{ incident }}."), approvals=approvals))
    store.submit_now(SYSTEM, brief)
    why = store.read_now(service.why_not_postable, "customers/initial")
    seen = store.read_now(look, CARLA)
    refused = _refused(store, CARLA, name="customers/initial")
    posted = _rows(store, "comms.statement")
    store.close()
    assert why is not None
    assert words in why
    assert refused == why
    assert (seen.why_not, seen.text, seen.can_be_posted, posted) == (why, None, False, [])


# --- rights -----------------------------------------------------------------------------------------------------------


def test_only_the_roles_named_for_an_audience_may_post(store: Store) -> None:
    """R117, R120."""
    assert store.read_now(service.why_not_yours, CARLA.id, "customers", None) is None
    assert store.read_now(service.why_not_yours, BEN.id, "regulators", None) is None
    assert store.read_now(service.why_not_yours, CARLA.id, "regulators", None) == (
        "Posting this is up to Regulator liaison (Ben Adeyemi). You can copy the text and send it to them."
    )
    assert _refused(store, MAYA) == (
        "Posting this is up to Communications (Carla Rossi). You can copy the text and send it to them."
    )
    assert _rows(store, "comms.statement") == []


def test_a_deputy_posts_while_communications_are_away(store: Store) -> None:
    """R084."""
    assert _refused(store, BEN)
    store.submit_now(SYSTEM, remember, CARLA.id, None)
    assert store.submit_now(BEN, service.post, "INC-42", INITIAL).posted_by == BEN.id


# --- looking ----------------------------------------------------------------------------------------------------------


def test_without_an_incident_there_is_nothing_to_choose(tmp_path: Path) -> None:
    store = desk(tmp_path)
    seen = store.read_now(look, CARLA)
    store.close()
    assert (seen.subjects, seen.text, seen.can_be_posted) == ((), None, False)


def test_the_newest_incident_and_the_next_news_are_chosen_to_begin_with(store: Store, clock: VirtualClock) -> None:
    clock.pass_time(minutes=1)
    store.submit_now(SYSTEM, brief, "INC-43")
    seen = store.read_now(look, CARLA)
    assert (seen.telling.subject, seen.telling.audience, seen.telling.stage) == ("INC-43", "customers", "initial")
    assert [subject for subject, _title in seen.subjects] == ["INC-43", "INC-42"]
    assert seen.template.name == INITIAL
    assert seen.approval.startswith("approved by Carla Rossi on 2 November 2026")
    assert seen.can_be_posted


def test_after_the_first_news_an_update_is_suggested_and_after_the_end_the_summary(store: Store) -> None:
    """R121."""
    store.submit_now(CARLA, service.post, "INC-42", INITIAL)
    assert store.read_now(look, CARLA).telling.stage == Stage.UPDATE
    assert store.read_now(look, CARLA, audience="partners").telling.stage == Stage.INITIAL
    store.submit_now(SYSTEM, lambda work: brief(work, is_open=False, state="closed"))
    seen = store.read_now(look, CARLA)
    assert seen.telling.stage == Stage.SUMMARY
    assert seen.subjects == [("INC-42", "Support bot 42 (INC-42) (closed)")]


def test_open_incidents_stand_first_and_old_ones_are_left_out(store: Store, clock: VirtualClock) -> None:
    store.submit_now(SYSTEM, lambda work: brief(work, "INC-40", is_open=False))
    clock.pass_time(days=29)
    store.submit_now(SYSTEM, lambda work: brief(work, "INC-41", is_open=False))
    clock.pass_time(days=2)
    assert [subject for subject, _title in store.read_now(look, CARLA).subjects] == ["INC-42", "INC-41"]


def test_of_very_many_incidents_the_newest_hundred_can_be_chosen(store: Store, clock: VirtualClock) -> None:
    def many(work: Work) -> None:
        for number in range(100, 250):
            brief(work, f"INC-{number}")

    clock.pass_time(minutes=1)
    store.submit_now(SYSTEM, many)
    subjects = store.read_now(look, CARLA).subjects
    assert len(subjects) == 100
    assert subjects[0][0] == "INC-249"


def test_what_is_not_known_is_named(store: Store) -> None:
    store.submit_now(SYSTEM, lambda work: brief(work, next_update=""))
    seen = store.read_now(look, CARLA)
    assert (
        seen.why_not == "Backout does not know “next_update” yet, and this text needs it. Try again when it is known."
    )
    assert seen.text is None


def test_a_choice_that_is_none_is_replaced(store: Store) -> None:
    seen = store.read_now(look, CARLA, "INC-9", "martians", "someday")
    assert (seen.telling.subject, seen.telling.audience, seen.telling.stage) == ("INC-42", "customers", "initial")


def test_words_that_nobody_has_written_are_asked_for(tmp_path: Path) -> None:
    store = desk(tmp_path, with_library(template("Words.")))
    store.submit_now(SYSTEM, brief)
    seen = store.read_now(look, CARLA, stage="update")
    store.close()
    assert seen.why_not == ("Nobody has written messages/customers/update.md.j2 yet. Ask communications to write it.")


# --- posting ----------------------------------------------------------------------------------------------------------


def test_a_statement_is_kept_word_for_word_with_its_approval_and_its_author(store: Store) -> None:
    """R118, R125: what was said, to whom, when, by whom, under which approval."""
    text = store.read_now(service.render, INITIAL, "INC-42")
    said = store.submit_now(CARLA, lambda work: service.post(work, "INC-42", INITIAL, seen=text))
    assert (said.text, said.channel, said.audience, said.stage) == (text, "C0STATUS06", "customers", "initial")
    assert (said.posted_by, said.posted_at, said.number) == (CARLA.id, MORNING, 1)
    (row,) = _rows(store, "comms.statement")
    assert (row.key, row.payload) == (f"statement:{said.id}", {"statement": said.id})
    (entry,) = store.read_now(lambda reading: trail.read(reading.session, "INC-42"))
    assert (entry.action, entry.actor, entry.facts["text"]) == ("statement.posted", f"person:{CARLA.id}", text)
    assert entry.facts["template_digest"] == said.template_digest


def test_the_thread_and_the_card_of_the_incident_are_told(store: Store) -> None:
    store.submit_now(SYSTEM, lambda work: work.session.add(Posted(key="card:INC-42", channel="C0SUPPORT4", ts="1.0")))
    store.submit_now(CARLA, service.post, "INC-42", INITIAL)
    (note,) = _rows(store, "foundation.note")
    assert note.payload["channel"] == "C0SUPPORT4"
    assert "Carla Rossi told Customers: Our support bot may give wrong answers" in note.payload["text"]
    assert [row.key for row in _rows(store, "incidents.card")] == ["card:INC-42"]


def test_the_same_words_are_not_posted_twice(store: Store) -> None:
    store.submit_now(CARLA, service.post, "INC-42", INITIAL)
    assert _refused(store, CARLA).startswith("Carla Rossi posted exactly these words for Customers at 2026-11-21 09:00")
    seen = store.read_now(look, CARLA, "INC-42", "customers", "initial")
    assert seen.why_not.startswith("Carla Rossi posted exactly these words")
    assert len(_rows(store, "comms.statement")) == 1


def test_when_a_fact_changed_the_words_are_new(store: Store) -> None:
    store.submit_now(CARLA, service.post, "INC-42", INITIAL)
    store.submit_now(SYSTEM, lambda work: brief(work, next_update="2026-11-21 18:00 UTC"))
    assert store.submit_now(CARLA, service.post, "INC-42", INITIAL).number == 2
    told = store.read_now(service.statements, "INC-42")
    assert [each.number for each in told] == [1, 2]


def test_words_that_changed_since_they_were_seen_are_not_posted(store: Store) -> None:
    """Nobody posts what they have not read."""
    assert "Nothing was posted" in _refused(store, CARLA, seen="Other words.")
    assert _rows(store, "comms.statement") == []


@pytest.mark.parametrize(("subject", "name"), [("INC-42", "page/tier-1"), ("INC-77", INITIAL)])
def test_pages_and_unknown_incidents_are_not_posted(store: Store, subject: str, name: str) -> None:
    assert "cannot be posted" in _refused(store, CARLA, subject, name)


def test_one_statement_is_found_by_its_id(store: Store) -> None:
    said = store.submit_now(CARLA, service.post, "INC-42", INITIAL)
    assert store.read_now(service.statement, said.id).text == said.text
    with pytest.raises(KeyError):
        store.read_now(service.statement, "said_0")


def test_statements_are_in_the_order_in_which_they_were_made(store: Store, clock: VirtualClock) -> None:
    store.submit_now(CARLA, service.post, "INC-42", INITIAL)
    clock.pass_time(minutes=5)
    store.submit_now(CARLA, service.post, "INC-42", "partners/initial")
    assert [each.audience for each in store.read_now(service.statements, "INC-42")] == ["customers", "partners"]


def test_two_statements_with_one_number_cannot_exist(store: Store) -> None:
    said = store.submit_now(CARLA, service.post, "INC-42", INITIAL)
    twin = Statement(**{**said.model_dump(), "id": "said_twin"})
    assert not store.submit_now(SYSTEM, lambda work: work.add_once(twin))


def test_a_briefing_that_is_old_but_open_can_still_be_told(store: Store, clock: VirtualClock) -> None:
    def age(work: Work) -> None:
        old = work.now - timedelta(days=400)
        work.session.connection().execute(update(Briefing).values(updated_at=old).where(col(Briefing.is_open)))

    store.submit_now(SYSTEM, age)
    assert store.read_now(look, CARLA).telling.subject == "INC-42"
