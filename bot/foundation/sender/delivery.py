"""One message: the calls to Slack, and what each answer leads to."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from slack_sdk.models.views import View
from sqlmodel import col, select

from bot.foundation import metrics
from bot.foundation.db import Store
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.models import OutboxRow, Posted
from bot.foundation.outbox import Home, Outgoing, Payload, Post, Whisper
from bot.foundation.sender import rows
from bot.foundation.sender.pace import ONE_POST, Pace
from bot.foundation.sender.rendering import Rendered, render
from bot.foundation.sender.turn import SENDER, Turn
from bot.foundation.slack_port import RateLimited, Refused, SlackError, SlackPort, Unclear
from bot.foundation.work import Reading

log = logging.getLogger(__name__)
T = TypeVar("T")
Builder = Callable[[Reading, Payload], Outgoing | None]
NO_TOKEN = timedelta(seconds=60)
RARELY = timedelta(seconds=60)
"""How rarely at most Slack is tried while it takes nothing."""
PATIENT = 3
"""A row that failed oftener than this no longer holds up its channel, if Slack works otherwise."""

TOKEN_ERRORS = frozenset(
    {
        "token_revoked", "token_expired", "invalid_auth", "not_authed", "account_inactive", "missing_scope",
        "org_login_required", "team_access_not_granted", "ekm_access_denied", "access_denied",
    }
)  # fmt: skip
"""What is wrong with us rather than with one message (the common errors of chat.postMessage)."""
CHANNEL_ERRORS = frozenset({"channel_not_found", "is_archived", "is_inactive", "not_in_channel", "restricted_action"})
"""`is_inactive` is what chat.update says of an archived channel (https://docs.slack.dev/reference/methods/chat.update)."""
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", *CHANNEL_ERRORS})
NO_THREAD = frozenset({"thread_not_found", "cannot_reply_to_message", "thread_locked"})
UNREADABLE = frozenset({"missing_scope", "no_permission", "access_denied", "method_not_supported_for_channel_type"})
"""A channel's history may not be read, today or tomorrow (https://docs.slack.dev/reference/methods/conversations.history)."""
BLOCK_ERRORS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "block_mismatch"})


class TurnOverError(SlackError):
    """It is no longer our turn to call Slack; nothing was called."""


@dataclass(frozen=True)
class Destination:
    """Where a message goes: the place that takes one call at a time, and whose thread it waits for."""

    place: str
    thread_of: str | None = None

    def place_now(self, reading: Reading) -> str | None:
        """Return the place, None while the first message of the thread is on its way."""
        if self.thread_of is None:
            return self.place
        parent = _parent(reading, self.thread_of)
        if parent is not None:
            return parent.channel
        return None if _is_coming(reading, self.thread_of) else self.place


def destination(outgoing: Outgoing | None) -> Destination:
    """Return where a message goes; what has become pointless goes nowhere, and is settled there."""
    match outgoing:
        case Post(channel=channel, thread_of=thread_of):
            return Destination(channel, thread_of)
        case Whisper(channel=channel, person=person):
            return Destination(f"{channel}:{person}")
        case Home(person=person):
            return Destination(f"home:{person}")
        case None:
            return Destination("nowhere")


PEOPLE = ("U", "W")
"""How the ids of people begin: what is posted to one goes to their direct messages."""


@dataclass(frozen=True)
class Claimed:
    """A message that is this sender's to send, as it should stand now.

    Attributes:
        stands: Where it stands already.
        parent: The first message of its thread.
        turn: The sender's turn in which it was claimed.
    """

    row: OutboxRow
    outgoing: Outgoing
    rendered: Rendered
    stands: Posted | None
    parent: Posted | None
    turn: int

    @property
    def channel(self) -> str:
        """The channel it goes to: its thread's, which may be another than it was meant for."""
        assert not isinstance(self.outgoing, Home)  # noqa: S101 - a Home is in no channel
        return self.parent.channel if self.parent else self.outgoing.channel

    def posted(self, channel: str, ts: str) -> Posted:
        """Return the note of where it stands now."""
        return Posted(key=self.row.key, channel=channel, ts=ts, content=self.rendered.content)


@dataclass
class Delivery:
    """Sends one message at a time to a place.

    Attributes:
        trouble: Slack's error code while our token does not work, else empty.
    """

    store: Store
    builders: Mapping[str, Builder]
    slack: SlackPort
    fallback_channel: str
    pace: Pace
    turn: Turn
    trouble: str = ""
    _worked_at: datetime | None = None
    _silent_since: datetime | None = None
    _joined_for: set[str] = field(default_factory=set)

    async def deliver(self, row: OutboxRow, place: str) -> None:
        """Claim a row, send its message, and record where it stands."""
        turn, claimed = self.turn.number, None
        mine = await self.store.submit(SENDER, rows.claim, row, rows.SEND_LEASE)
        if mine is None:
            return
        try:
            claimed = await self.store.read(self._build, mine, turn)
            if claimed is None:
                await self.store.submit(SENDER, rows.serve, mine)
            else:
                await self._note_defects(claimed)
                await self._send(claimed, place)
        except StoreUnavailableError:
            raise  # nothing is known to be wrong with the row
        except Exception as error:  # noqa: BLE001 - noted on the row, so that one bad row cannot stop the rest
            await self.defect(mine, error, unclear=claimed is not None)

    async def defect(self, row: OutboxRow, error: Exception, *, unclear: bool = False) -> None:
        """Put a row off that we cannot handle, so that it does not stop the rest."""
        log.error("%s %s failed", row.kind, row.key, exc_info=error)
        what = f"{type(error).__name__}: {error}"
        await self.store.submit(SENDER, rows.put_off, row, what, self.fallback_channel, unclear=unclear)

    # --- inside the database ----------------------------------------------------------------------------------------

    def _build(self, reading: Reading, mine: OutboxRow, turn: int) -> Claimed | None:
        """Build what a claimed row should say now; None when there is nothing to send.

        Not in the Work of the claim: building takes longer than anything else here, and people wait for the writer.
        What changes after this is wanted anew, so the row waits again once this is sent.
        """
        outgoing = self.builders[mine.kind](reading, mine.payload)
        stands = reading.session.get(Posted, mine.key)
        if outgoing is None or (stands and isinstance(outgoing, Post) and outgoing.frozen):
            return None
        parent = _parent(reading, outgoing.thread_of) if isinstance(outgoing, Post) and outgoing.thread_of else None
        elsewhere = isinstance(outgoing, Post) and stands is not None and stands.channel != outgoing.channel
        rendered = render(outgoing, elsewhere=elsewhere and parent is None)
        if stands and stands.content == rendered.content:
            return None
        return Claimed(mine, outgoing, rendered, stands, parent, turn)

    async def _note_defects(self, claimed: Claimed) -> None:
        """Say once that a message goes out without its blocks."""
        row, defects = claimed.row, "; ".join(claimed.rendered.defects)
        if defects and row.attempts == 1:
            log.error("%s goes out as plain text: %s", row.key, defects)
            await self.store.submit(SENDER, rows.note_defect, row, defects)

    # --- Slack ------------------------------------------------------------------------------------------------------

    async def _send(self, claimed: Claimed, place: str) -> None:
        try:
            posted = await self._call(claimed)
        except SlackError as error:
            metrics.slack_calls.labels(outcome=type(error).__name__).inc()
            await self._after_error(claimed, place, error)
            return
        await self._sent(claimed, place, posted)

    async def _sent(self, claimed: Claimed, place: str, posted: Posted | None) -> None:
        metrics.slack_calls.labels(outcome="sent").inc()
        now = self.store.clock.now()
        self.trouble, self._worked_at, self._silent_since = "", now, None
        self.pace.trust()
        if isinstance(claimed.outgoing, Post) and posted is not None:
            for used in {place, posted.channel}:
                self.pace.hold(used, now + ONE_POST)
        await self.store.submit(SENDER, rows.confirm, claimed.row, posted)

    async def _call(self, claimed: Claimed) -> Posted | None:
        """Call Slack; returns where the message stands now (None for a whisper)."""
        outgoing, stands = claimed.outgoing, claimed.stands
        if isinstance(outgoing, Home):
            await self._publish(claimed, outgoing.person)
            return claimed.posted("", "")
        if isinstance(outgoing, Whisper):
            await self._whisper(claimed, outgoing)
            return None
        if stands:
            await self._update(claimed, stands.channel, stands.ts)
            return claimed.posted(stands.channel, stands.ts)
        channel = claimed.channel
        if channel.startswith(PEOPLE):
            channel = await self.slack.direct_channel(channel)
        ts, found = await self._post_unless_found(claimed, claimed.rendered, channel)
        if found and not outgoing.frozen:
            await self._update(claimed, channel, ts)  # it shows the state of the attempt that was lost
        return claimed.posted(channel, ts)

    async def _post_unless_found(self, claimed: Claimed, rendered: Rendered, channel: str) -> tuple[str, bool]:
        """Post a message unless an attempt before is found to have arrived; returns its timestamp, and if it was found.

        Where nobody may look, people are told twice rather than not at all, and the second time says so.
        """
        try:
            found = await self._find(claimed, channel)
        except Refused as error:
            if error.code not in UNREADABLE:
                raise
            log.warning("%s is sent again, because nobody may see whether it arrived: %s", claimed.row.key, error)
            found, rendered = None, rendered.repeated()
        return (found, True) if found else (await self._post(claimed, rendered, channel), False)

    async def _find(self, claimed: Claimed, channel: str) -> str | None:
        """Look a message up that may have been posted already."""
        if not claimed.row.unclear:
            return None
        thread = claimed.parent.ts if claimed.parent else None
        return await self.slack.find(channel, claimed.row.id, claimed.row.created_at, thread=thread)

    async def _post(self, claimed: Claimed, rendered: Rendered, channel: str) -> str:
        thread = claimed.parent.ts if claimed.parent and claimed.parent.channel == channel else None

        async def post(shown: Rendered, thread: str | None = thread) -> str:
            return await self.slack.post(channel, shown.text, shown.blocks, row=claimed.row.id, thread=thread)

        try:
            return await self._or_plain(claimed, rendered, post)
        except Refused as error:
            if thread is None or error.code not in NO_THREAD:
                raise
            self._check_turn(claimed)
            return await post(rendered, None)

    async def _update(self, claimed: Claimed, channel: str, ts: str) -> None:
        async def update(shown: Rendered) -> None:
            await self.slack.update(channel, ts, shown.text, shown.blocks)

        await self._or_plain(claimed, claimed.rendered, update)

    async def _publish(self, claimed: Claimed, person: str) -> None:
        async def publish(shown: Rendered) -> None:
            assert isinstance(shown.view, View)  # noqa: S101 - a Home is rendered as a view
            await self.slack.publish_home(person, shown.view)

        await self._or_plain(claimed, claimed.rendered, publish)

    async def _whisper(self, claimed: Claimed, outgoing: Whisper) -> None:
        """Whisper where the person is; somebody who is not in the channel is told in a direct message."""
        rendered = claimed.rendered.repeated() if claimed.row.unclear else claimed.rendered  # nobody can look it up

        async def whisper(shown: Rendered) -> None:
            await self.slack.whisper(outgoing.channel, outgoing.person, shown.text, shown.blocks)

        try:
            await self._or_plain(claimed, rendered, whisper)
        except Refused as error:
            if error.code not in CHANNEL_ERRORS | {"user_not_in_channel"}:
                raise
            channel = await self._direct_channel(outgoing.person, error)
            await self._post_unless_found(claimed, claimed.rendered, channel)

    async def _direct_channel(self, person: str, instead: Refused) -> str:
        """Return the channel of somebody's direct messages; without the right to open one the first refusal holds."""
        try:
            return await self.slack.direct_channel(person)
        except Refused as error:
            raise (instead if error.code == "missing_scope" else error) from None

    async def _or_plain(self, claimed: Claimed, rendered: Rendered, call: Callable[[Rendered], Awaitable[T]]) -> T:
        """Make a call; if Slack refuses the blocks, record that and make it with plain text: people must be told."""
        try:
            self._check_turn(claimed)
            return await call(rendered)
        except Refused as error:
            if error.code not in BLOCK_ERRORS:
                raise
            log.warning("%s goes out as plain text: %s", claimed.row.key, error)
            await self.store.submit(SENDER, rows.note_defect, claimed.row, str(error))
            self._check_turn(claimed)
            return await call(rendered.plain())

    def _check_turn(self, claimed: Claimed) -> None:
        """Refuse a call that another process may be making by now: this one may just have been stopped for an hour."""
        if not self.turn.is_still(claimed.turn):
            raise TurnOverError("It is another process's turn to send.")

    # --- when Slack did not do it -----------------------------------------------------------------------------------

    async def _after_error(self, claimed: Claimed, place: str, error: SlackError) -> None:
        now, row = self.store.clock.now(), claimed.row
        if isinstance(error, TurnOverError):
            await self.store.submit(SENDER, rows.again, row, str(error), now)
        elif isinstance(error, RateLimited):
            until = now + timedelta(seconds=error.retry_after)
            if claimed.stands is None:  # Slack counts updates by workspace: what is posted meanwhile need not wait
                self.pace.hold(place, until)
            await self.store.submit(SENDER, rows.again, row, str(error), until)
        elif not isinstance(error, Refused):
            await self._after_silence(claimed, place, error)
        elif error.code in TOKEN_ERRORS:
            self.trouble = error.code
            self.pace.doubt(now + NO_TOKEN)
            log.error("Slack does not accept our token: %s", error.code)
            await self.store.submit(SENDER, rows.wait_for_slack, row, str(error), now + NO_TOKEN, unclear=row.unclear)
        else:
            await self._after_refusal(claimed, place, error)

    async def _after_silence(self, claimed: Claimed, place: str, error: SlackError) -> None:
        """Wait, then try again; the place waits too, unless only this row fails, and every place if nothing works."""
        now, attempts = self.store.clock.now(), claimed.row.attempts
        unclear = isinstance(error, Unclear)
        until = now + max(rows.back_off(attempts), rows.LOOK_AGAIN if unclear else timedelta())
        works_otherwise = self._worked_at is not None and self._worked_at > now - timedelta(minutes=1)
        if attempts <= PATIENT or not works_otherwise:
            self.pace.hold(place, until)
        if not works_otherwise:
            self._silent_since = self._silent_since or now  # the longer it lasts, the more rarely one call finds out
            self.pace.doubt(now + min(RARELY, (now - self._silent_since) / 4))
        await self.store.submit(
            SENDER, rows.wait_for_slack, claimed.row, str(error), until, unclear=claimed.row.unclear or unclear
        )

    async def _after_refusal(self, claimed: Claimed, place: str, error: Refused) -> None:
        """Try what still may help: join, post anew, or use the channel for what has no other; else park the row."""
        outgoing, row = claimed.outgoing, claimed.row
        if claimed.stands and error.code in GONE:
            await self.store.submit(SENDER, rows.forget, row)
        elif isinstance(outgoing, Post) and error.code == "not_in_channel" and await self._join(claimed):
            await self.store.submit(SENDER, rows.again, row, str(error), self.store.clock.now())
        elif isinstance(outgoing, Post) and error.code in CHANNEL_ERRORS and claimed.channel != self.fallback_channel:
            await self._post_elsewhere(claimed, place, error)
        else:
            await self._give_up(claimed, error)

    async def _give_up(self, claimed: Claimed, error: Refused) -> None:
        log.error("Slack refused %s for good: %s", claimed.row.key, error)
        await self.store.submit(SENDER, rows.park, claimed.row, str(error), self.fallback_channel)

    async def _join(self, claimed: Claimed) -> bool:
        """Join the channel of a row, once; says whether it is worth trying again."""
        if claimed.row.id in self._joined_for:
            return False
        self._joined_for.add(claimed.row.id)
        try:
            await self.slack.join(claimed.channel)
        except SlackError as error:
            log.warning("cannot join %s: %s", claimed.channel, error)
            return False
        return True

    async def _post_elsewhere(self, claimed: Claimed, place: str, why: Refused) -> None:
        rendered = render(claimed.outgoing, elsewhere=True)
        try:
            ts, _found = await self._post_unless_found(claimed, rendered, self.fallback_channel)
        except Refused as error:
            if error.code in TOKEN_ERRORS:
                await self._after_error(claimed, place, error)
            else:
                await self._give_up(claimed, error)
        except SlackError as error:
            await self._after_error(claimed, place, error)
        else:
            await self._sent(claimed, place, claimed.posted(self.fallback_channel, ts))
            told = claimed.row, claimed.channel, why.code, self.fallback_channel
            await self.store.submit(SENDER, rows.note_elsewhere, *told)


def _parent(reading: Reading, key: str) -> Posted | None:
    return reading.session.get(Posted, key)


def _is_coming(reading: Reading, key: str) -> bool:
    found = select(OutboxRow.id).where(OutboxRow.key == key, col(OutboxRow.state).in_(rows.UNDONE))
    return reading.session.exec(found).first() is not None
