"""A real Alertmanager delivers to a running Backout."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from tests.support.alertmanager import alertmanager
from tests.support.running import running_backout

pytestmark = [pytest.mark.alertmanager, pytest.mark.xdist_group("alertmanager")]


async def _report(address: str, *, ends: timedelta) -> None:
    now = datetime.now(UTC)
    alert = {
        "labels": {
            "alertname": "WrongAnswers",
            "system": "support-bot",
            "version": "42",
            "metric": "wrong_answer_rate",
        },
        "annotations": {"summary": "Wrong answers on support-bot", "value": "60"},
        "startsAt": (now - timedelta(minutes=1)).isoformat(),
        "endsAt": (now + ends).isoformat(),
    }
    async with aiohttp.ClientSession() as session, session.post(f"{address}/api/v2/alerts", json=[alert]) as answer:
        assert answer.status == 200


@pytest.mark.timeout(180)
async def test_a_real_alertmanager_delivers_firing_and_resolved(tmp_path: Path) -> None:
    """R002, R016: firing opens the incident; resolved marks its signal and leaves the incident to people."""
    async with (
        running_backout(tmp_path) as backout,
        alertmanager(tmp_path, f"{backout.address}/alerts/alertmanager") as address,
    ):
        await _report(address, ends=timedelta(minutes=5))
        await backout.card("#support-bot", "INC-1")
        await _report(address, ends=timedelta(seconds=-1))
        card = await backout.card("#support-bot", "INC-1", "esolved")
    assert "Acknowledge" in card.buttons
