"""What the workspace is made of: people, channels, messages, modals, Home tabs and what happened.

People and channels are mutable, so that a test can deactivate a person or archive a channel while everything runs.
Messages, ephemeral messages and views are frozen: a change makes a new version. Whatever a test holds is therefore a
snapshot of what a person saw at that moment, which is what a stale click needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from bot.workspace import reading

Json = dict[str, Any]
"""A decoded JSON object, exactly as it crosses the wire."""

HappeningKind = Literal["post", "update", "delete", "ephemeral", "modal", "home", "reaction"]

NOBODY: Mapping[str, str] = {}


class NotPossibleError(Exception):
    """Slack's client would not let this person do that: the surface is not visible to them, the button is not there."""


@dataclass
class Team:
    """The workspace (in Slack's words a team) and the one app installed in it."""

    id: str = "T0WORKSPACE"
    name: str = "Example"
    app_id: str = "A0BACKOUT"
    app_name: str = "Backout"
    bot_id: str = "B0BACKOUT"
    bot_user: str = "U0BACKOUT"

    @property
    def domain(self) -> str:
        """The team's name as it stands in web addresses: lower case, no spaces."""
        return "".join(letter for letter in self.name.lower() if letter.isalnum() or letter == "-") or "example"


@dataclass
class User:
    """One person (or bot). `team_id` is filled in with the workspace's own unless the person is from another one."""

    id: str
    name: str
    real_name: str = ""
    title: str = ""
    tz: str = "UTC"
    """IANA name of the person's time zone, for example `Europe/Berlin`."""
    email: str = ""
    presence: Literal["active", "away"] = "active"
    is_admin: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    """A multi-channel guest; with `is_ultra_restricted` a single-channel guest."""
    is_ultra_restricted: bool = False
    deleted: bool = False
    """Deactivated: can do nothing, and cannot be written to."""
    is_stranger: bool = False
    """Belongs to another organisation (a shared channel brings such people in)."""
    team_id: str = ""

    @property
    def is_guest(self) -> bool:
        """Whether the person sees only the channels he or she was added to."""
        return self.is_restricted or self.is_ultra_restricted or self.is_stranger


@dataclass
class Channel:
    """A channel, or with `im_user` set the direct conversation between the app and that person."""

    id: str
    name: str
    topic: str = ""
    purpose: str = ""
    is_archived: bool = False
    is_private: bool = False
    bot_is_member: bool = True
    members: set[str] | None = None
    """Ids of the people in it; None when given to the workspace means every active person who is not a guest."""
    im_user: str = ""
    created: int = 0

    @property
    def is_im(self) -> bool:
        """Whether this is a direct conversation with the app."""
        return bool(self.im_user)


@dataclass
class UserGroup:
    """A user group (`@sre-oncall`)."""

    id: str
    handle: str
    name: str = ""
    users: list[str] = field(default_factory=list)
    disabled: bool = False


@dataclass(frozen=True)
class Message:
    """One version of a message that everybody in the channel sees.

    `blocks` and `attachments` are the raw JSON the app sent (with the block ids Slack fills in). `user` is the author's
    id, the bot's user for the app's own. `ts` identifies the message within its channel; `version` counts its changes.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    thread_ts: str | None = None
    """The parent's `ts` for a reply, None for a top-level message."""
    broadcast: bool = False
    """A reply also shown in the channel."""
    by_bot: bool = False
    metadata: Json | None = None
    edited_ts: str | None = None
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(emoji name, ids of the people who used it)."""
    files: tuple[Json, ...] = ()
    unfurl_links: bool = True
    unfurl_media: bool = True
    at: datetime | None = None
    version: int = 1
    names: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def visible_text(self) -> str:
        """Everything a reader sees, one line per piece of text; mentions as names. Button labels are in `buttons`."""
        return reading.message_text(self.text, self.blocks, self.attachments, self.files, self.names)

    @property
    def buttons(self) -> tuple[str, ...]:
        """Labels of the buttons, in order."""
        return reading.button_labels(reading.all_blocks(self.blocks, self.attachments))


@dataclass(frozen=True)
class Ephemeral:
    """A message that only `user` sees, until the page is reloaded. `ts` lets the app replace it over a response URL."""

    channel: str
    user: str
    ts: str
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    thread_ts: str | None = None
    at: datetime | None = None
    version: int = 1
    names: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def visible_text(self) -> str:
        """Everything its addressee sees, one line per piece of text."""
        return reading.message_text(self.text, self.blocks, self.attachments, (), self.names)

    @property
    def buttons(self) -> tuple[str, ...]:
        """Labels of the buttons, in order."""
        return reading.button_labels(reading.all_blocks(self.blocks, self.attachments))


@dataclass(frozen=True)
class View:
    """One version of a modal (`type == "modal"`) or of a Home tab (`type == "home"`), which belongs to one person.

    `content` is the raw view JSON the app sent. `errors` are the sentences shown under fields after a refused
    submission, by block id; `notice` is Slack's own complaint ("We had some trouble connecting").
    """

    id: str
    user: str
    type: Literal["modal", "home"]
    content: Json
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""
    at: datetime | None = None
    version: int = 1
    names: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def blocks(self) -> tuple[Json, ...]:
        """The blocks, in order."""
        return tuple(self.content.get("blocks", ()))

    @property
    def callback_id(self) -> str:
        """The app's name for this kind of view."""
        return str(self.content.get("callback_id", ""))

    @property
    def private_metadata(self) -> str:
        """What the app stored in the view."""
        return str(self.content.get("private_metadata", ""))

    @property
    def title(self) -> str:
        """The modal's title; empty for a Home tab."""
        return self._label("title")

    @property
    def submit_label(self) -> str:
        """The label of the modal's submit button; empty when it has none."""
        return self._label("submit")

    @property
    def close_label(self) -> str:
        """The label of the modal's close button."""
        return self._label("close") or ("Cancel" if self.type == "modal" else "")

    @property
    def visible_text(self) -> str:
        """Title, blocks and the errors shown under fields, one line per piece of text."""
        errors = [f"{sentence}" for sentence in self.errors.values()]
        pieces = [self.title, *reading.block_lines(self.blocks, self.names), *errors, self.notice]
        return "\n".join(piece for piece in pieces if piece)

    @property
    def buttons(self) -> tuple[str, ...]:
        """Labels of the buttons among the blocks, in order (not submit and close)."""
        return reading.button_labels(self.blocks)

    def _label(self, key: str) -> str:
        return str((self.content.get(key) or {}).get("text", ""))


Surface = Message | Ephemeral | View
"""Something with buttons on it."""


@dataclass
class Happening:
    """One visible effect of the app: something a person could have noticed.

    A test marks what it looked for with `expected = True` and fails at the end on any other.
    """

    kind: HappeningKind
    at: datetime
    text: str
    """The visible text at that moment (for a reaction the emoji's name)."""
    channel: str | None = None
    user: str | None = None
    """The addressee of an ephemeral message, modal or Home tab."""
    message: Message | Ephemeral | None = None
    view: View | None = None
    expected: bool = False


@dataclass
class Call:
    """One call of a Web API method, as it arrived, and what it was answered."""

    method: str
    args: Json
    at: datetime
    result: Json
    status: int = 200
    """HTTP status; 0 when the connection was dropped or held without an answer."""
    retry_after: int | None = None
    """How many seconds a 429 asked the caller to wait."""


@dataclass
class Delivery:
    """One thing a person did (or one event), sent to the app, and what came back.

    `sent` is False when nothing left the workspace: the person answered "no" in a confirm dialog, or a form was
    incomplete. `acked` means the app answered 2xx (or acknowledged the envelope) within the deadline. `late` means the
    deadline passed without an answer. `status` is the HTTP status (200 for an acknowledged envelope, else None).
    `notice` is what Slack itself tells the person when something went wrong; empty otherwise.
    """

    kind: str
    """`command`, `block_actions`, `view_submission`, `view_closed`, `message_action`, `shortcut` or `event`."""
    payload: Json
    user: str = ""
    sent: bool = False
    acked: bool = False
    late: bool = False
    status: int | None = None
    answer: Json | str | None = None
    """What the app put into its acknowledgement: decoded JSON, or plain text."""
    notice: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    """Sentences under fields after a refused submission, by block id (Slack's own checks included)."""
    closed: bool = False
    """The modal this was about is gone from the person's screen."""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    """With `url` and `headers` the exact signed request, for sending it again."""
    key: str = ""
    """Identifies what was clicked, so that the same click can be found and sent again."""
    attempt: int = 0
    """0 for the first delivery of an event, 1 to 3 for its retries."""
    seconds: float = 0.0
    """How long the app took to answer, in real seconds."""
