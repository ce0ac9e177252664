"""Wrong answers after a model change: low, the product owner alone decides."""

from pathlib import Path

from tests.stories.acts import SUPPORT, acknowledge, ask, report, vote
from tests.support.world import world_of

REASON = "Customers are told that returns are not possible."


async def test_the_product_owner_alone_decides(tmp_path: Path) -> None:
    """R045, R070, R160, R167."""
    async with world_of(tmp_path) as world:
        await report(world, SUPPORT)
        await acknowledge(world, SUPPORT, "sam")
        await ask(world, SUPPORT, "sam", REASON)
        await vote(world, SUPPORT, "leo", "Approve", "Wrong promises cost us more.")
        assert world.models.versions("support-bot") == ["41"]


async def test_the_alert_again_and_then_resolved_change_no_more_than_they_should(tmp_path: Path) -> None:
    """R048, R103: a redelivery changes nothing; resolved marks the signal and leaves the incident to people."""
    async with world_of(tmp_path) as world:
        await report(world, SUPPORT)
        await world.alert(SUPPORT.system, SUPPORT.version, SUPPORT.metric, SUPPORT.value)
        world.updates(SUPPORT.channel)
        world.threads(SUPPORT.channel)
        await world.alert(SUPPORT.system, SUPPORT.version, SUPPORT.metric, SUPPORT.value, resolved=True)
        world.updates(SUPPORT.channel)
        world.threads(SUPPORT.channel)
        assert "Acknowledge" in world.card(SUPPORT.channel).buttons


async def test_app_home_shows_what_waits_for_me(tmp_path: Path) -> None:
    """R163, R178: what waits for me, open incidents, who is on duty."""
    async with world_of(tmp_path) as world:
        await report(world, SUPPORT)
        await acknowledge(world, SUPPORT, "sam")
        await ask(world, SUPPORT, "sam", REASON)
        home = await world.open_home("leo")
        assert "INC-1" in home.visible_text
        assert "support-bot" in home.visible_text.lower()
        await vote(world, SUPPORT, "leo", "Approve", "Wrong promises cost us more.")
        world.homes()


async def test_severity_can_be_changed_with_a_reason_and_the_incident_closed(tmp_path: Path) -> None:
    """R041, R043, R047: raised by anybody known, with a reason that stands in the thread; closed with one, too."""
    async with world_of(tmp_path) as world:
        await report(world, SUPPORT)
        await acknowledge(world, SUPPORT, "sam")
        await world.click("sam", world.card(SUPPORT.channel), "Change severity")
        world.modal("sam")
        refused = await world.submit("sam", {"severity": "medium", "reason": ""})
        assert refused.errors
        answer = await world.submit("sam", {"severity": "medium", "reason": "The press has called."})
        assert not answer.errors, answer.errors
        assert "medium" in world.card(SUPPORT.channel).visible_text
        await world.click("sam", world.card(SUPPORT.channel), "Close")
        world.modal("sam")
        answer = await world.submit("sam", {"reason": "A false alarm: a test campaign."})
        assert not answer.errors, answer.errors
        world.updates(SUPPORT.channel)
        world.threads(SUPPORT.channel)
        closed = world.card(SUPPORT.channel)
        assert "A false alarm" in closed.visible_text
        assert "Acknowledge" not in closed.buttons


async def test_what_is_not_understood_is_kept_and_shown(tmp_path: Path) -> None:
    """Nothing authentic is dropped: an unknown shape and an alert without context are shown to people."""
    async with world_of(tmp_path) as world:
        assert await world.send({"hello": "there"}) == 202
        world.expect("post", "#ai-alerts", "Not understood")
        await world.alert("nobody-knows-this", "1", "conversion_rate", "1")
        world.updates("#ai-alerts")
        assert "nobody-knows-this" in world.card("#ai-alerts").visible_text


async def test_bad_bodies_are_refused_with_a_reason(tmp_path: Path) -> None:
    """Wrong secret 401, too large 413, not JSON, NaN and too deep 400; and nothing is half-done."""
    async with world_of(tmp_path) as world:
        assert await world.send({}, secret="wrong") == 401
        assert await world.send({}, source="unknown") == 401
        assert await world.send(b"{" + b" " * 300_000) == 413
        for body in (b"no json", b'{"a": NaN}', b"[" * 5000 + b"]" * 5000, b'"\\ud800"', b"\xff"):
            assert await world.send(body) == 400, body[:20]


async def test_a_message_becomes_an_incident_by_its_shortcut(tmp_path: Path) -> None:
    """R014, R025: somebody of support reports what a customer wrote."""
    async with world_of(tmp_path) as world:
        said = await world.workspace.say(world.person("leo"), SUPPORT.channel, "It tells people returns are impossible")
        await world.workspace.shortcut(world.person("jonas"), "incidents.report", said)
        assert "returns are impossible" in world.modal("jonas").visible_text
        answer = await world.submit("jonas", {"system": "support-bot", "harm": "no"})
        assert not answer.errors, answer.errors
        world.expect("modal", "jonas", "INC-1")
        world.expect("post", SUPPORT.channel, "INC-1", "returns are impossible")
        world.expect("post", SUPPORT.channel, *SUPPORT.first_tier)
        world.threads(SUPPORT.channel)
        world.updates(SUPPORT.channel)
