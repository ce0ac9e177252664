"""Text from outside is shown as text: it mentions nobody, links nowhere, breaks no message and stops no page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import demo
from bot.learning.reports import service as reports
from bot.learning.reports import views as report_views
from tests.stories.acts import SUPPORT
from tests.support.soak import sample
from tests.support.world import World, world_of

CANARY = "C4N4RY"
HOSTILE = {
    "broadcast": f"<!channel> <!here> <!everyone> <!subteam^S0123456> {CANARY}",
    "mention": f"<@U0LEO00001> <#C0ALERTS05> {CANARY}",
    "link": f"<https://evil.example/|click here> <mailto:a@evil.example|write> {CANARY}",
    "marks": f"*bold* _it_ ~gone~ `code` ```block``` > quote {CANARY}",
    "invisible": f"\u202etxet desrever\u202c zero\u200bwidth\u2066iso\u2069 \ufeff {CANARY}",
    "long": f"{CANARY} " + "& < > " * 1_300,
    "lines": f"one\ntwo\r\n\n\nthree\u2028four\x07\x1b[31m {CANARY}",
    "table": f"a | b | c\n|---|---|\n[x](https://evil.example) <script>alert(1)</script> {CANARY}",
    "emoji": f":rotating_light: 🏴‍☠️ {'🤖' * 60} {CANARY}",
    "escaped": f"&lt;!channel&gt; &amp;lt;@U0LEO00001&amp;gt; {CANARY}",
    "template": f"{{{{ cycler.__init__ }}}} {{% for x in y %}} ${{jndi:x}} %s {{0}} {CANARY}",
}
ODD_TIMES: list[object] = [
    "2031-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999+14:00",
    "yesterday", "", None, 7,
]  # fmt: skip
ACTIVE = re.compile(r"<(?:!(?:channel|here|everyone|subteam)|https?://evil|mailto:|@\w+> <#C0)", re.IGNORECASE)
INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00-\x08\x1b\x07]")
LITERAL = {"initial_value", "value", "private_metadata"}
"""Arguments that Slack shows or returns as they are."""


def strings(value: Any) -> Iterator[str]:
    """Every text anywhere in a call's arguments that Slack would read as mrkdwn."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and value.get("type") != "plain_text":
        for name, each in value.items():
            if name not in LITERAL:
                yield from strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from strings(each)


def check_what_went_out(world: World) -> None:
    """Nothing of what anybody wrote is active anywhere, and Slack took every call."""
    for call in world.workspace.calls:
        assert call.result.get("ok"), (call.method, call.result)
        for text in strings(call.args):
            assert not ACTIVE.search(text), (call.method, text[:300])
            assert not INVISIBLE.search(text), (call.method, text[:300])


async def body_of(world: World, **values: str) -> dict[str, Any]:
    said = {"alertname": "WrongAnswers", "version": "42", "metric": "wrong_answer_rate", "value": "60", "summary": "60"}
    return demo.alert_body("support-bot", said | values, world.clock.now())


def relax(world: World) -> None:
    """Expect all that happened: these stories look at the words themselves."""
    for happening in world.workspace.unexpected:
        happening.expected = True


@pytest.mark.parametrize("kind", sample(HOSTILE, 6))
async def test_hostile_text_through_a_whole_story(tmp_path: Path, kind: str) -> None:
    """T15, T16: labels, annotations, reasons and rationales, in messages, modals, App Home and the export."""
    text = HOSTILE[kind]
    async with world_of(tmp_path) as world:
        body = await body_of(world, alertname=text, summary=text)
        for held in (body["commonLabels"], body["commonAnnotations"], body["groupLabels"]):
            held["extra"] = text
        assert await world.send(body) == 202
        page = world.expect("post", SUPPORT.channel, "Sam Taylor", "Priya Raman")
        assert "INC-1" in page.visible_text
        await world.click("sam", world.card(SUPPORT.channel), "Acknowledge")
        await world.command("sam", f"/rollback support-bot {text[:3000]}", channel=SUPPORT.channel)
        answer = await world.submit("sam", {"reason": text[:2000]})
        assert not answer.errors, answer.errors
        await world.workspace.close_modal(world.person("sam"))
        await world.open_home("leo")
        await world.click("leo", world.card(SUPPORT.channel), "Approve")
        answer = await world.submit("leo", {"reason": text[:2000]})
        assert not answer.errors, answer.errors
        assert world.models.versions("support-bot") == ["41"]
        assert "5 of 5" in world.card(SUPPORT.channel).visible_text
        await world.command("carla", "/comms", channel=SUPPORT.channel)
        relax(world)
        check_what_went_out(world)
        export = await world.process.store.read(reports.export, "INC-1")
        assert CANARY in json.dumps(export)
        assert "<script>" not in report_views.markdown(export)


@pytest.mark.parametrize("kind", sample(HOSTILE, 4))
async def test_a_hostile_system_and_version_are_shown_to_people(tmp_path: Path, kind: str) -> None:
    """Nothing authentic is dropped: a system nobody knows, a version nobody would choose."""
    text = HOSTILE[kind]
    async with world_of(tmp_path) as world:
        said = {"alertname": "X", "version": text, "metric": "wrong_answer_rate", "value": "60", "summary": "x"}
        assert await world.send(demo.alert_body("support-bot", said, world.clock.now())) == 202
        assert await world.send(demo.alert_body(text, said, world.clock.now())) == 202
        assert await world.send(demo.alert_body("support-bot", said | {"metric": text}, world.clock.now())) == 202
        assert await world.send(demo.alert_body("support-bot", said | {"value": text}, world.clock.now())) == 202
        assert [one for one in world.workspace.unexpected if one.kind == "post"], "nobody was told"
        relax(world)
        check_what_went_out(world)


async def test_five_hundred_alerts_in_one_body(tmp_path: Path) -> None:
    """T14, P18: one incident, one card, one page."""
    async with world_of(tmp_path) as world:
        body = await body_of(world)
        one = body["alerts"][0]
        body["alerts"] = [
            one | {"labels": {**one["labels"], "n": str(number)},
                   "annotations": {"value": "60"}, "fingerprint": f"{number:016x}"}
            for number in range(500)
        ]  # fmt: skip
        assert await world.send(body) == 202
        world.expect("post", SUPPORT.channel, "INC-1")
        world.expect("post", SUPPORT.channel, "Sam Taylor")
        world.threads(SUPPORT.channel)
        world.updates(SUPPORT.channel)


@pytest.mark.parametrize("starts_at", sample(ODD_TIMES, 3))
async def test_odd_times_and_severities_page_all_the_same(tmp_path: Path, starts_at: object) -> None:
    """An alert's own clock and words decide nothing about whether people are told."""
    async with world_of(tmp_path) as world:
        body = await body_of(world)
        body["alerts"][0] |= {"startsAt": starts_at}
        body["alerts"][0]["labels"]["severity"] = "apocalyptic"
        assert await world.send(body) == 202
        posts = [one for one in world.workspace.unexpected if one.kind == "post"]
        assert posts, "nobody was told"
        relax(world)
        assert world.workspace.calls
