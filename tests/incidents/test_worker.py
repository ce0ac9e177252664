"""The card is built from every part; briefings are refreshed; promised times for news move on."""

from bot.comms.models import Briefing
from bot.escalation import service as escalation
from bot.foundation.blocks import Section, as_dicts, section, visible_text
from bot.foundation.outbox import Post
from bot.foundation.work import Reading
from bot.incidents import slack, worker
from tests.incidents.organisation import Organisation


def other_part(_reading: Reading, incident: str) -> Section:
    return Section([section(f"something else about {incident}")], [section("detail")] * 60)


def test_the_card_is_every_part_in_order_within_slack_s_limit(meridian: Organisation) -> None:
    meridian.opens()
    build = worker.build_card([slack.card_section, other_part])
    post = meridian.reads(build, {"incident": "INC-1"})
    assert isinstance(post, Post)
    assert (post.channel, post.thread_of, post.frozen) == ("C0SHOPREC1", None, False)
    blocks = as_dicts(post.message.blocks)
    assert len(blocks) <= 50
    text = visible_text(blocks)
    assert text.index("INC-1 · Shop recommender") < text.index("something else about INC-1")
    assert post.message.fallback.startswith("INC-1 · Shop recommender · medium: Visitors buy less.")


def test_a_hand_over_below_reaches_the_briefing(meridian: Organisation) -> None:
    meridian.opens()
    meridian.does("priya", escalation.acknowledge, "INC-1")
    meridian.does("backout", worker.STEPS["incidents.refresh_briefing"], {"incident": "INC-1"})
    briefing = meridian.reads(lambda reading: reading.session.get_one(Briefing, "INC-1"))
    assert briefing.facts["lead"] == "Priya Raman"


def test_the_sweep_is_due_when_news_was_promised(meridian: Organisation) -> None:
    (sweep,) = worker.SWEEPS
    assert meridian.reads(sweep.next_due) is None
    meridian.opens()
    due = meridian.reads(sweep.next_due)
    assert due == meridian.incident().next_update_at
    meridian.clock.pass_time(hours=5)
    assert meridian.does("backout", sweep.run) == 1
    assert meridian.reads(sweep.next_due) == meridian.incident().next_update_at != due
