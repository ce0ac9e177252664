"""What benchmarks measure on is a database that the product could have filled itself."""

from datetime import timedelta
from pathlib import Path

from sqlmodel import Session, col, func, select

from benchmarks.seeding import Size, seed
from bot.alerts.models import Signal
from bot.escalation.models import Escalation
from bot.foundation import trail
from bot.foundation.db import open_engine, open_store
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.work import Actor, Work
from bot.incidents import service
from bot.incidents.models import Incident
from tests.support.clock import MORNING, VirtualClock
from tests.support.ids import CountedIds
from tests.support.stores import TRAIL_KEY, prepare
from tests.support.world import example_config


def test_a_seeded_database_is_whole_and_the_product_goes_on_with_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'backout.db'}"
    prepare(url)
    later = MORNING + timedelta(hours=1)
    seed(
        url, example_config(), Size(incidents=25, trail=200), key=TRAIL_KEY, now=MORNING,
        due=lambda number: later + timedelta(seconds=number), ids=CountedIds(),
    )  # fmt: skip
    engine = open_engine(url)
    with Session(engine) as session:
        assert trail.verify(session, TRAIL_KEY) == (200, None)
        names = set(session.exec(select(Incident.name)))
        assert names == {f"INC-{number}" for number in range(1, 26)}
        assert set(session.exec(select(Signal.incident))) == names
        last = session.exec(select(func.max(col(Escalation.next_tier_at)))).one()
        assert last == later + timedelta(seconds=25)
        waiting = col(OutboxRow.state) != OutboxState.DONE
        assert session.exec(select(OutboxRow).where(waiting)).first() is None
    engine.dispose()


def test_the_next_incident_has_the_next_number(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'backout.db'}"
    prepare(url)
    ids = CountedIds()
    seed(url, example_config(), Size(incidents=9), key=TRAIL_KEY, now=MORNING, ids=ids)
    store = open_store(url, clock=VirtualClock(), ids=ids, config=example_config(), trail_key=TRAIL_KEY)

    def open_one(work: Work) -> str:
        return service.open_or_join(
            work, system="support-bot", version="42", title="New", families=[], harm=False, reason="Seen."
        ).name

    assert store.submit_now(Actor("system", "test", "Test"), open_one) == "INC-10"
    store.close()
