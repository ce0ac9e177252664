"""Statements on their way out."""

from pathlib import Path

from bot.comms import service
from bot.comms.worker import MESSAGES
from bot.foundation.blocks import as_dicts
from bot.foundation.outbox import Post
from tests.comms.desk import CARLA, SYSTEM, brief, desk


def test_a_statement_leaves_word_for_word_and_once(tmp_path: Path) -> None:
    """R118: what was approved and seen is what is sent, whatever changes meanwhile."""
    store = desk(tmp_path)
    store.submit_now(SYSTEM, brief)
    said = store.submit_now(CARLA, service.post, "INC-42", "customers/initial-chatbot")
    store.submit_now(SYSTEM, lambda work: brief(work, users="everybody"))
    post = store.read_now(MESSAGES["comms.statement"], {"statement": said.id})
    store.close()
    assert isinstance(post, Post)
    assert (post.channel, post.frozen, post.thread_of) == ("C0STATUS06", True, None)
    assert str(post.message.fallback) == said.text
    assert as_dicts(post.message.blocks)[0]["text"]["text"] == said.text
    assert "everybody" not in said.text
