"""However many incidents are open, clicks, cards, App Home and `/rollback status` ask the database as often."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.specimens import Mix, fill
from bot import app
from bot.approvals import service as approvals
from bot.foundation.db import Store, open_store
from bot.foundation.work import Actor, Work
from bot.incidents import service as incidents
from bot.incidents.worker import build_card
from bot.people.models import Directory
from bot.people.worker import build_home
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.statements import statements_of
from tests.support.stores import TRAIL_KEY
from tests.support.world import example_config

FEW, MANY = Mix(paged=4, led=3, asked=3), Mix(paged=334, led=333, asked=333)


@dataclass
class Filled:
    """A store with open incidents: first those that were paged, then those that are led, then those asked about."""

    store: Store
    mix: Mix

    @property
    def one_of_each(self) -> list[str]:
        return [f"INC-{number}" for number in (1, self.mix.paged + 1, self.mix.paged + self.mix.led + 1)]


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Filled, Filled]]:
    """Ten incidents, and a thousand."""
    folders = tmp_path_factory.mktemp("few"), tmp_path_factory.mktemp("many")
    with closing(filled(folders[0], FEW)) as few, closing(filled(folders[1], MANY)) as many:
        yield Filled(few, FEW), Filled(many, MANY)


def filled(folder: Path, mix: Mix) -> Store:
    url, clock, config = f"sqlite:///{folder}/backout.db", VirtualClock(), example_config()
    fill(url, config, mix, clock)
    return open_store(url, clock=clock, ids=CountedIds(), config=config, trail_key=TRAIL_KEY)


def slack_id(person: str) -> str:
    return example_config()[Directory].people[person].slack


def cards(filled: Filled) -> None:
    for name in filled.one_of_each:
        filled.store.read_now(build_card(app.CARD), {"incident": name})


def home(filled: Filled) -> None:
    for person in ("maya", "priya", "carla"):
        filled.store.read_now(build_home(app.HOME), {"person": slack_id(person)})


def status(filled: Filled) -> None:
    filled.store.read_now(incidents.status_text)


def acknowledging(filled: Filled) -> None:
    filled.store.submit_now(Actor("person", slack_id("maya"), "Maya"), incidents.acknowledge, filled.one_of_each[0])


def approving(filled: Filled) -> None:
    def approve(work: Work) -> None:
        request = approvals.open_request(work, filled.one_of_each[2])
        assert request is not None
        approvals.approve(work, request.id, request.round, "safe to undo")

    filled.store.submit_now(Actor("person", slack_id("tomas"), "Tomás"), approve)


@pytest.mark.parametrize("act", [cards, home, status, acknowledging, approving])
def test_it_takes_as_many_statements_among_a_thousand_incidents_as_among_ten(
    sizes: tuple[Filled, Filled], act: Callable[[Filled], None]
) -> None:
    """F12, R164: nothing is asked once for each incident, however it grows."""
    counts = []
    for each in sizes:
        with statements_of(each.store.reader) as read, statements_of(each.store.writer) as written:
            act(each)
        counts.append((len(read), len(written)))
    few, many = counts
    assert few == many
    assert sum(few) > 0
