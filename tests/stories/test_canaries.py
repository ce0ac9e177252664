"""F15: secrets go in wherever words come in, and then everything that exists is searched for them."""

import dataclasses
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import demo
from bot.__main__ import _secrets
from bot.foundation import trail
from bot.foundation.logs import JsonLines, quieten
from bot.foundation.trail.export import write
from bot.learning.reports import service as reports
from bot.learning.reports import views as report_views
from tests.stories.acts import SUPPORT
from tests.stories.test_faults import relax
from tests.stories.test_slack_away import with_routes
from tests.support.mail import PASSWORD, mail_server
from tests.support.stores import TRAIL_KEY
from tests.support.world import ALERT_SECRET, SECRETS, World, world_of

MARK = "M4RK3R"
"""Stands beside every canary: where it is not, nothing was looked for."""
PATH = "a-path-that-only-the-switch-knows"
OUTSIDE = {
    "a label's name": ("db_password", "canary-of-a-label"),
    "a token": ("note", "xoxb-123456789012-canaryOfSlack1"),
    "a cloud key": ("owner", "AKIACANARYOFACLOUD12"),
    "a bearer": ("curl", "curl -H 'Authorization: Bearer canary.of.a.bearer1'"),
    "a pair": ("run", "token=canaryOfAPair1 --fast"),
    "an address": ("dsn", "postgresql://backout:canaryOfAnAddress1@db.example/x"),
    "a web token": ("jwt", "eyJjYW5hcnkiOiJvZiJ9.eyJhIjoid2ViIn0.dG9rZW4tY2FuYXJ5"),
    "chance": ("id", "q9Zr4Tn8Xk2Vw7Lp3Hs6Bd1Fg5Jc0MyAe"),
}  # fmt: skip
OF_THE_TARGET = "sk-canaryOfTheTarget1234567"
CANARIES = [
    "canary-of-a-label", "canaryOfSlack1", "AKIACANARYOFACLOUD12", "canary.of.a.bearer1", "canaryOfAPair1",
    "canaryOfAnAddress1", "eyJjYW5hcnkiOiJvZiJ9", "q9Zr4Tn8Xk2Vw7Lp3Hs6Bd1Fg5Jc0MyAe", OF_THE_TARGET,
]  # fmt: skip
OURS = [SECRETS.bot_token, SECRETS.signing_secret, ALERT_SECRET, PASSWORD, PATH, TRAIL_KEY.decode(), TRAIL_KEY.hex()]
VARIABLES = {
    "BACKOUT_SMTP_PASSWORD": PASSWORD,
    "BACKOUT_TRAIL_KEY": TRAIL_KEY.decode(),
    "BACKOUT_HEARTBEAT_URL": f"http://127.0.0.1:9/{PATH}",
}
OUR_OWN_WORDS = ("figures", "readiness", "mail", "file")
"""Where nothing stands that anybody else wrote."""


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that the process would write to standard error."""
    written = io.StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    quieten()
    yield written
    root.handlers[:] = before
    root.setLevel(level)


async def test_no_secret_is_left_anywhere(tmp_path: Path, log: io.StringIO) -> None:
    """F15, T17, T25: not in Slack, mail, file, log, errors, exports, the trail, figures or the database."""
    file, places = tmp_path / "fallback.jsonl", dict[str, str]()
    async with (
        mail_server(asks_for_password=True) as mailbox,
        world_of(tmp_path, change=with_routes(file, mailbox.port, user="backout"), variables=VARIABLES) as world,
    ):
        logging.getLogger().handlers[0].setFormatter(JsonLines(_secrets(world.process._environment)))
        mailbox.answers["carla@x.example"] = f"550 nobody with {PASSWORD} and password={CANARIES[4]} here {MARK}"
        await _an_incident(world)
        assert world.process.heartbeat
        await world.process.heartbeat._send()
        logging.getLogger("bot.x").error("it broke", exc_info=ValueError(f"{MARK} {OUTSIDE['a pair'][1]} {OURS[:4]}"))
        places |= await _shown(world) | {"mail": "\n".join(one.as_string() for one in mailbox.taken)}
        places["database while it runs"] = _bytes(tmp_path, "backout.db*")
        relax(world)
    places |= {"log": log.getvalue(), "file": file.read_text(), "database": _bytes(tmp_path, "backout.db*")}
    for place, text in places.items():
        secrets = OURS if place == "database while it runs" else [*OURS, *CANARIES]
        assert [secret for secret in secrets if secret in text] == [], place
        assert MARK in text or place in OUR_OWN_WORDS, f"nothing was to be seen in {place}"


async def _an_incident(world: World) -> None:
    """Whatever comes in carries canaries; the target answers with one; people are asked without Slack, then with it."""
    assert await world.send(_body(world)) == 202
    assert await world.send(b'{"version": "9", "' + MARK.encode() + b'": "password=canaryOfAPair1"}') == 202
    assert await world.send(json.dumps(f"{MARK} not one of ours, {OUTSIDE['a bearer'][1]}").encode()) == 202
    await world.click("sam", world.card(SUPPORT.channel), "Acknowledge")
    await world.command("sam", f"/rollback {SUPPORT.system}", channel=SUPPORT.channel)
    outage = world.workspace.faults.add(method="*", kind="server_error", times=None)
    assert not (await world.submit("sam", {"reason": f"{MARK} it lies"})).errors
    await world.pass_time(minutes=6)
    world.workspace.faults.remove(outage)
    await world.pass_time(minutes=2)
    world.models._servers[SUPPORT.system].stuck = {0: OF_THE_TARGET}
    await world.click("leo", world.card(SUPPORT.channel), "Approve")
    assert not (await world.submit("leo", {"reason": f"{MARK} it lies"})).errors
    await world.pass_time(minutes=3)
    await world.command("carla", "/comms", channel=SUPPORT.channel)
    await world.open_home("leo")


def _body(world: World) -> dict[str, Any]:
    said = {"alertname": MARK, "version": SUPPORT.version, "metric": SUPPORT.metric, "value": SUPPORT.value}
    spoken = ", ".join(f"{name}: {text}" for name, text in OUTSIDE.values())
    body = demo.alert_body(SUPPORT.system, said | {"summary": f"{MARK} {spoken}"}, world.clock.now())
    extra = dict(OUTSIDE.values())
    for held in (body["commonLabels"], body["commonAnnotations"], body["groupLabels"], *body["alerts"]):
        held |= extra
    body["alerts"][0]["labels"] |= extra
    body["alerts"][0]["annotations"] |= extra
    body["alerts"][0]["generatorURL"] = body["externalURL"] = OUTSIDE["an address"][1]
    return body


async def _shown(world: World) -> dict[str, str]:
    """Return what everybody could be shown who asks."""
    reads = world.process.store.read_now
    export, whole = reads(reports.export, "INC-1"), io.StringIO()
    reads(lambda reading: write(trail.DatabaseSource(reading.session), whole))
    calls = [dataclasses.asdict(call) for call in world.workspace.calls]
    return {
        "Slack": json.dumps(calls, default=str),
        "export": report_views.as_json(export),
        "report": report_views.markdown(export),
        "trail": whole.getvalue(),
        "figures": await _get(world, "/metrics"),
        "readiness": await _get(world, "/readyz"),
    }


async def _get(world: World, path: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(world.address + path) as answer:
        return await answer.text()


def _bytes(directory: Path, pattern: str) -> str:
    return "\n".join(path.read_bytes().decode("latin-1") for path in sorted(directory.glob(pattern)))
