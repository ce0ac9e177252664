"""Clicks as Slack delivers them: signed over HTTP, timed from the request to its acknowledgement."""

import json
import time
from urllib.parse import urlencode

import aiohttp

from benchmarks.load import request
from bot.workspace.deliveries import signature
from tests.support.running import Running
from tests.support.world import SECRETS


async def acknowledge(session: aiohttp.ClientSession, running: Running, incident: str, who: str) -> float:
    """Press an incident's “Acknowledge”; returns the milliseconds until 200 (AssertionError for anything else)."""
    body = _body(running, incident, who)
    headers = _headers(body)
    began = time.perf_counter()
    async with session.post(f"{running.address}/slack/events", data=body, headers=headers) as answer:
        await answer.read()
        assert answer.status == 200, f"{incident}: {answer.status}"
    return (time.perf_counter() - began) * 1000


def acknowledgement(running: Running, incident: str, who: str) -> bytes:
    """Return the whole request of pressing an incident's “Acknowledge”, signed now: Slack's signatures age."""
    body = _body(running, incident, who)
    return request("/slack/events", body, _headers(body))


def _headers(body: bytes) -> dict[str, str]:
    now = int(time.time())
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": str(now),
        "X-Slack-Signature": signature(SECRETS.signing_secret, now, body),
    }


def _body(running: Running, incident: str, who: str) -> bytes:
    team = running.workspace.team
    action = {
        "type": "button",
        "action_id": "incidents.acknowledge",
        "block_id": "buttons",
        "value": json.dumps({"incident": incident}),
        "action_ts": f"{time.time():.6f}",
    }
    payload = {
        "type": "block_actions",
        "team": {"id": team.id, "domain": team.domain},
        "user": {"id": running.person(who), "team_id": team.id},
        "api_app_id": team.app_id,
        "trigger_id": f"{time.time_ns()}",
        "channel": {"id": running.workspace.channel("#support-bot").id, "name": "support-bot"},
        "container": {"type": "message", "message_ts": "1.000000", "is_ephemeral": False},
        "actions": [action],
        "state": {"values": {}},
        "response_url": "",
    }
    return urlencode({"payload": json.dumps(payload)}).encode()
