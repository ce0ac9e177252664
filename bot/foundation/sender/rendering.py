"""What goes to Slack: checked before it leaves, because one bad block would lose the whole message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.foundation import block_rules
from bot.foundation.blocks import Message, Section, as_dicts, channel_link, fit, mrkdwn, section
from bot.foundation.config import digest
from bot.foundation.outbox import Home, Outgoing, Post, Whisper

NO_WORDS = "Backout has news here."
REPEATED = mrkdwn("_(repeated) I cannot see whether this arrived before._")
MOST_BLOCKS = 50
"""So many blocks Slack takes in a message (https://docs.slack.dev/reference/block-kit/blocks)."""


@dataclass(frozen=True)
class Rendered:
    """A message or a Home as Slack takes it.

    Attributes:
        text: The fallback text; all there is when the blocks have a defect.
        blocks: Blocks that pass Slack's rules.
        view: The Home, if it is one.
        defects: Why the blocks were left out.
        content: Digest of what was wanted, so that an unchanged message is not sent again.
    """

    text: str
    blocks: list[dict[str, Any]]
    view: View | None
    defects: Sequence[str]
    content: str

    def plain(self) -> "Rendered":
        """Return the same without blocks, for when Slack refuses them after all."""
        view = _plain_home() if self.view else None
        return Rendered(self.text, [], view, self.defects, self.content)

    def repeated(self) -> "Rendered":
        """Return the same with a word that it may have been sent before, for where that cannot be looked up."""
        said = as_dicts([section(REPEATED)]) if self.blocks and len(self.blocks) < MOST_BLOCKS else []
        return Rendered(f"(repeated) {self.text}", [*said, *self.blocks], self.view, self.defects, self.content)


def render(outgoing: Outgoing, *, elsewhere: bool = False) -> Rendered:
    """Render what is to leave; `elsewhere` says in it where it belongs, because it stands in another channel."""
    match outgoing:
        case Home(view=view):
            return _home(view)
        case Post(message=message, channel=channel):
            return _message(_from(channel, message) if elsewhere else message, message)
        case Whisper(message=message):
            return _message(message, message)
        case _:
            assert_never(outgoing)


def _message(shown: Message, wanted: Message) -> Rendered:
    blocks, defects = _checked(shown.blocks)
    text = str(shown.fallback)
    return Rendered(text if text.strip() else NO_WORDS, blocks, None, defects, _content(wanted))


def _checked(blocks: Sequence[Block]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return blocks as JSON, none of them if any would be refused, and why."""
    try:
        found = as_dicts(blocks)
    except SlackObjectFormationError as error:
        return [], [str(error)]
    defects = block_rules.problems("message", found)
    return ([], defects) if defects else (found, [])


def _home(view: View) -> Rendered:
    try:
        defects = block_rules.problems("home", view.to_dict())
        content = digest(view.to_dict())
    except SlackObjectFormationError as error:
        defects, content = [str(error)], digest(str(error))
    return Rendered(NO_WORDS, [], _plain_home() if defects else view, defects, content)


def _plain_home() -> View:
    return View(type="home", blocks=[section("This page cannot be shown right now. `/rollback status` still answers.")])


def _from(channel: str, message: Message) -> Message:
    why = mrkdwn("_For {channel}, where I cannot post._", channel=channel_link(channel))
    blocks = fit([Section([section(why), *message.blocks])]) if message.blocks else []
    return Message(mrkdwn("{why} {text}", why=why, text=message.text), blocks)


def _content(message: Message) -> str:
    try:
        return digest([message.fallback, as_dicts(message.blocks)])
    except SlackObjectFormationError as error:
        return digest([message.fallback, str(error)])
