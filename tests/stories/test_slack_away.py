"""Slack is away, or takes our token no more: people are reached in another way, and afterwards it is said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from bot.approvals import service as approvals
from bot.comms.models import FallbackPolicy
from bot.foundation import trail
from bot.foundation.config import Config
from bot.foundation.work import Actor, Work
from bot.people.models import Directory
from tests.stories.acts import SUPPORT, acknowledge, ask, report
from tests.stories.test_faults import posts, relax
from tests.support.mail import mail_server, with_addresses
from tests.support.world import World, world_of

REASON = "Customers are told that returns are not possible."


def with_routes(file: Path, port: int, *, user: str = "") -> Callable[[Config], Config]:
    """The example organisation with a file, a mail server, and an address for everybody."""
    routes: list[dict[str, Any]] = [
        {"kind": "file", "name": "file", "path": file},
        {"kind": "smtp", "name": "mail", "host": "127.0.0.1", "port": port, "security": "none",
         "user": user, "sender": "backout@x.example", "people": ["carla"]},
    ]  # fmt: skip
    policy = FallbackPolicy.model_validate({"routes": routes})
    return lambda config: config.replace(policy).replace(with_addresses(config[Directory]))


def written(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


async def readiness(world: World) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(f"{world.address}/readyz") as answer:
        return answer.status, await answer.json()


def _person(world: World, key: str) -> Actor:
    found = world.config[Directory].people[key]
    return Actor("person", found.slack, found.name, found.zone)


def _approve(work: Work) -> None:
    request = approvals.open_request(work, "INC-1")
    assert request is not None
    assert approvals.approve(work, request.id, request.round, "It was right before.") is None


async def test_people_are_reached_without_slack_and_afterwards_it_is_said(tmp_path: Path) -> None:
    """F3, P7, R114, R171: page, request and outcome go out once each, by file and mail; nothing is decided by them."""
    file = tmp_path / "fallback.jsonl"
    async with mail_server() as mailbox, world_of(tmp_path, change=with_routes(file, mailbox.port)) as world:
        await report(world, SUPPORT)
        await acknowledge(world, SUPPORT, "sam")
        await world.command("sam", "/rollback support-bot", channel=SUPPORT.channel)
        gone = world.workspace.faults.add(method="*", kind="server_error", times=None)
        assert not (await world.submit("sam", {"reason": REASON})).errors
        await world.pass_time(minutes=4)
        assert not file.exists()
        assert (await readiness(world))[0] == 503
        await world.pass_time(minutes=2)
        (line,) = written(file)
        assert line["to"] == ["Leo Martins"]
        assert "please approve or reject on the card of INC-1 by 2026-11-2" in line["text"]
        world.process.store.submit_now(_person(world, "leo"), _approve)
        await world.pass_time(minutes=2)
        asked, ended = written(file)
        assert asked == line
        assert ended["to"] == ["Sam Taylor", "Leo Martins", "Aisha Bello"]
        assert "Approved, by everybody who is needed" in ended["text"].replace("*", "")
        assert mailbox.to("leo@x.example")
        assert mailbox.to("carla@x.example")
        assert all("http" not in message.get_content() for message in mailbox.taken)
        world.workspace.faults.remove(gone)
        await world.pass_time(minutes=5)
        (summary,) = [text for text in posts(world, SUPPORT.channel) if "took no messages" in text]
        assert "Meanwhile the fallback route was used" in summary
        assert "INC-1" in summary
        assert (await readiness(world))[0] == 200
        actions = [entry.action for entry in world.process.store.read_now(lambda r: trail.read(r.session, "INC-1"))]
        assert actions.count("fallback.sent") == 2 * len(written(file))
        relax(world)


async def test_a_short_absence_bothers_nobody(tmp_path: Path) -> None:
    file = tmp_path / "fallback.jsonl"
    async with mail_server() as mailbox, world_of(tmp_path, change=with_routes(file, mailbox.port)) as world:
        world.workspace.faults.outage = True
        await world.alert(SUPPORT.system, SUPPORT.version, SUPPORT.metric, SUPPORT.value)
        await world.pass_time(minutes=3)
        world.workspace.faults.outage = False
        await world.pass_time(minutes=10)
        assert not file.exists()
        assert mailbox.taken == []
        assert len(posts(world, SUPPORT.channel)) == 2
        relax(world)


async def test_a_revoked_token_stops_sending_and_nothing_else(tmp_path: Path) -> None:
    """P10: alerts are taken, `/readyz` is red and says why, people are reached another way, and nothing is lost."""
    file = tmp_path / "fallback.jsonl"
    async with mail_server() as mailbox, world_of(tmp_path, change=with_routes(file, mailbox.port)) as world:
        world.workspace.tokens.revoked = True
        before = len(world.workspace.calls)
        await world.alert(SUPPORT.system, SUPPORT.version, SUPPORT.metric, SUPPORT.value)
        status, parts = await readiness(world)
        assert (status, parts["sending"]) == (503, "token_revoked")
        await world.pass_time(minutes=10)
        assert len(world.workspace.calls) - before <= 15, "one call a minute, to see whether it works again"
        assert {one["id"] for one in written(file)} == {"card:INC-1", "page:INC-1:1"}
        assert mailbox.to("sam@x.example")
        world.workspace.tokens.revoked = False
        await world.pass_time(minutes=3)
        assert (await readiness(world))[0] == 200
        assert "INC-1" in posts(world, SUPPORT.channel)[0]
        relax(world)
        await acknowledge(world, SUPPORT, "sam")


async def test_a_missing_scope_is_like_a_token_that_does_not_work(tmp_path: Path) -> None:
    """P10: nothing is given up because of it; once the scope is granted everything arrives."""
    async with world_of(tmp_path) as world:
        scopes = world.workspace.manifest["oauth_config"]["scopes"]["bot"]
        scopes.remove("chat:write")
        await world.alert(SUPPORT.system, SUPPORT.version, SUPPORT.metric, SUPPORT.value)
        assert (await readiness(world))[1]["sending"] == "missing_scope"
        await world.pass_time(minutes=3)
        scopes.append("chat:write")
        await world.pass_time(minutes=3)
        assert len(posts(world, SUPPORT.channel)) == 2
        relax(world)
        await acknowledge(world, SUPPORT, "sam")
        await ask(world, SUPPORT, "sam", REASON)
