"""What the form and the card are told."""

import pytest

from bot.foundation.errors import Refusal
from bot.rollback import service
from tests.rollback.rehearsal import SHOP, Rehearsal


def test_the_form_for_an_incident(played: Rehearsal) -> None:
    """R063, R072: who has to approve follows from the incident's severity."""
    played.people.opens()
    shown = played.people.reads(lambda reading: service.form_for(reading, incident="INC-1"))
    assert (shown.system, shown.from_version, shown.to_version) == (SHOP, "8", "7")
    assert (shown.incident, shown.severity) == ("INC-1", "medium")
    assert shown.approvers == ["Engineering lead: Tomás Ferreira", "Product lead: Aisha Bello"]


def test_the_form_for_a_system_takes_its_open_incident(played: Rehearsal) -> None:
    before = played.people.reads(lambda reading: service.form_for(reading, system="Shop-Recommender"))
    assert (before.system, before.incident, before.from_version) == (SHOP, None, "8")
    played.people.opens(version="7")
    after = played.people.reads(lambda reading: service.form_for(reading, system=SHOP, reason="x"))
    assert (after.incident, after.from_version, after.to_version, after.reason) == ("INC-1", "7", None, "x")


def test_the_form_for_what_there_is_not(played: Rehearsal) -> None:
    with pytest.raises(Refusal, match="There is no INC-9"):
        played.people.reads(lambda reading: service.form_for(reading, incident="INC-9"))
    with pytest.raises(Refusal, match="I know no system"):
        played.people.reads(lambda reading: service.form_for(reading, system="nothing"))


def test_nothing_stands_where_nothing_was_asked(played: Rehearsal) -> None:
    played.people.opens()
    assert played.people.reads(service.standing, "INC-1") is None


async def test_the_newest_plan_is_what_stands(played: Rehearsal) -> None:
    await played.carry_out()
    found = played.people.reads(service.standing, "INC-1")
    assert found is not None
    assert (found.requester, found.round_state, len(found.stages)) == ("Maya Lindqvist", "approved", 4)
    assert (found.is_newest, found.is_open) == (True, True)
    assert played.people.reads(service.running_now) == []
