"""`backout web` twice and `backout worker` twice on one PostgreSQL: clicks served by any, everything done once."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot import demo
from bot.approvals.models import Vote
from bot.foundation import trail
from bot.foundation.db import open_engine
from bot.rollback.models import Execution
from tests.stories import test_kill as support
from tests.stories.conftest import postgres, postgres_url
from tests.support.postgres import POSTGRES
from tests.support.several import TRAIL_KEY, Several, go_on, several_backouts, stop

__all__ = ["postgres", "postgres_url"]
pytestmark = [*POSTGRES, pytest.mark.timeout(240)]


async def test_one_worker_stands_still_in_the_middle_and_everything_is_done_once(
    tmp_path: Path, postgres_url: str
) -> None:
    """P16, P25, R164: four start at once on an empty database; the worker that sends is stopped, and goes on later."""
    async with several_backouts(tmp_path, postgres_url) as several:
        backout = several.backout
        await several.start(webs=2, workers=2)
        several.speak_to(0)
        await support.send_the_alert(backout)
        several.speak_to(1)
        await support.acknowledge(backout)
        several.speak_to(0)
        await support.ask(backout)
        await backout.until(lambda: support._card_with(backout, "Approve"))
        stopped = several.sending()
        stop(stopped)
        several.speak_to(1)
        await support.approve(backout)
        await support.see_it_done(backout)
        assert several.sending() is not stopped
        go_on(stopped)
        await _next_incident(several)
        await several.drained()
        assert await several.end() == [0, 0, 0, 0]
        posts = Counter((one.channel, one.text) for one in backout.workspace.happenings if one.kind == "post")
        assert posts.most_common(1)[0][1] == 1, "something was posted twice"
    _check_the_database(several)


async def _next_incident(several: Several) -> None:
    """All work again, whoever sends."""
    said = {"alertname": "x", "version": "8", "metric": "conversion_rate", "value": "1.9", "summary": "Fewer buy"}
    body = demo.alert_body("shop-recommender", said, datetime(2026, 11, 21, 9, tzinfo=UTC))
    assert await several.backout.alert(body) == 202
    await several.backout.card("#shop-recommender", "INC-2")


def _check_the_database(several: Several) -> None:
    engine = open_engine(several.url, reading=True)
    with Session(engine) as session:
        assert [vote.person for vote in session.exec(select(Vote))] == [several.backout.person("leo")]
        assert [one.state for one in session.exec(select(Execution).order_by(col(Execution.round)))] == ["done"]
        assert trail.verify(session, TRAIL_KEY.encode())[1] is None
        actions = Counter(entry.action for entry in trail.read(session, "INC-1"))
    engine.dispose()
    assert actions["incident.opened"] == actions["incident.acknowledged"] == 1
