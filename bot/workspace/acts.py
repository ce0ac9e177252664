"""What people do in a workspace: the writing half, with everything Slack's client would refuse."""

import re
from collections.abc import Mapping
from typing import Any

from bot.workspace import forms, inputs, payloads
from bot.workspace.acknowledgements import Submissions, command_answered, explain
from bot.workspace.deliveries import Courier
from bot.workspace.events import Events
from bot.workspace.faults import Faults
from bot.workspace.hooks import Hooks
from bot.workspace.inputs import Found
from bot.workspace.methods import Tokens
from bot.workspace.modals import Modals
from bot.workspace.sight import Sight
from bot.workspace.state import (
    Channel,
    Delivery,
    Ephemeral,
    Json,
    Message,
    NotPossibleError,
    Surface,
    User,
    View,
)
from bot.workspace.store import Store, surface_key

_REFERENCE = re.compile(r"([@#])([\w.-]+)")


class Acts(Sight):
    """The acting half of a workspace."""

    def __init__(
        self, store: Store, modals: Modals, tokens: Tokens, faults: Faults, courier: Courier, hooks: Hooks
    ) -> None:
        super().__init__(store, modals, tokens, faults)
        self._courier = courier
        self._hooks = hooks
        self._submissions = Submissions(store, modals)
        self._events = Events(store, courier)

    # -- writing ----------------------------------------------------------------------------------------------------
    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """A person writes a message; the app hears of it if it subscribed to such events."""
        person, where = self._actor(user), self._writable(user, channel)
        message = self._store.post(where.id, person.id, text, thread_ts=thread_ts)
        await self._events.said(message)
        return message

    async def command(self, user: str, command: str, text: str = "", channel: str | None = None) -> Delivery:
        """A person types a slash command in `channel` (id or name; by default in the conversation with the app)."""
        person = self._actor(user)
        where = self._writable(user, channel or self.dm(user).id)
        known = next((each for each in self.commands() if each["command"] == command), None)
        if known is None:
            raise NotPossibleError(f"{command} is not a command of this app")
        typed = self._escaped(text) if known.get("should_escape") else text
        trigger = self._modals.trigger(user)
        hook = self._hooks.make(self.base_url, user, where.id)
        payload = payloads.command(self._store, person, where, command, typed, trigger, hook)
        delivery = await self._courier.send(Delivery("command", payload, user=user))
        command_answered(self._hooks, delivery)
        return delivery

    async def react(self, user: str, message: Message, emoji: str) -> Message:
        """A person adds a reaction."""
        self._actor(user)
        current = self._shown(user, message)
        if not isinstance(current, Message):
            raise NotPossibleError("only a message that everybody sees takes reactions")
        reactions = dict(current.reactions)
        reactions[emoji] = (*(each for each in reactions.get(emoji, ()) if each != user), user)
        changed = self._store.react(current, tuple(reactions.items()))
        await self._events.reacted(user, changed, emoji)
        return changed

    # -- pressing and picking ---------------------------------------------------------------------------------------
    async def click(
        self,
        user: str,
        surface: Surface,
        action: str,
        *,
        block_id: str | None = None,
        value: str | None = None,
        confirm: bool = True,
        stale: Surface | None = None,
        again: bool = False,
    ) -> Delivery:
        """A person presses the button with the label or action id `action` (`block_id`, `value` tell equals apart).

        `confirm` is the answer to the confirm dialog, if the button has one. `stale` takes the button from an older
        version of the surface. `again` sends the person's last such click once more, byte for byte.
        """
        key = f"{user} {surface_key(surface)} {action} {block_id} {value}"
        if again:
            return await self._courier.resend(self._last(key))
        self._actor(user)
        shown = self._shown(user, surface, stale)
        found = inputs.find(stale or shown, action, block_id=block_id, value=value)
        if found.element["type"] != "button":
            raise NotPossibleError(f"{action!r} is a {found.element['type']}: choose something there")
        return await self._act(user, shown, found, None, confirm=confirm, key=key)

    async def choose(
        self,
        user: str,
        surface: Surface,
        action_id: str,
        value: Any,
        *,
        block_id: str | None = None,
        confirm: bool = True,
    ) -> Delivery:
        """A person picks something in a select, date picker, radio group, checkboxes or overflow menu, or types text.

        `value` is an option's value or text, an id, a date (`2026-11-21`), a time (`09:30`), a number, or a list of
        such for what takes several. In an input block without `dispatch_action` the app hears nothing (`sent=False`).
        """
        self._actor(user)
        shown = self._shown(user, surface)
        found = inputs.find(shown, action_id, block_id=block_id)
        state = inputs.picked(self._store, found.element, value)
        silent = found.block["type"] == "input" and not found.block.get("dispatch_action")
        if silent:
            inputs.remember(self._store, shown, user, found, state)
            return Delivery("block_actions", {}, user=user)
        return await self._act(user, shown, found, state, confirm=confirm)

    async def _act(
        self, user: str, shown: Surface, found: Found, state: Json | None, *, confirm: bool, key: str = ""
    ) -> Delivery:
        if "confirm" in found.element and not confirm:
            return Delivery("block_actions", {}, user=user, key=key)
        if state is not None and found.element["type"] != "overflow":
            inputs.remember(self._store, shown, user, found, state)
        action = inputs.action(found, state, self._store.next_ts())
        hook = "" if isinstance(shown, View) else self._hooks.make(self.base_url, user, shown.channel, shown)
        values, trigger = self.typed(user, shown), self._modals.trigger(user)
        payload = payloads.block_actions(self._store, self.people[user], shown, action, values, trigger, hook)
        delivery = await self._courier.send(Delivery("block_actions", payload, user=user, key=key))
        delivery.notice = explain(delivery)
        return delivery

    # -- modals -----------------------------------------------------------------------------------------------------
    async def submit(self, user: str, values: Mapping[Any, Any] | None = None) -> Delivery:
        """A person fills in the top modal and presses submit.

        `values` is keyed by block id, (block id, action id) or label; everything else keeps what was typed before or
        its initial value. Slack's own checks (required, length, range, address) come first: then nothing is sent.
        """
        person, view = self._actor(user), self._top(user)
        if not view.submit_label:
            raise NotPossibleError(f"the modal {view.title!r} has no submit button")
        forms.fill(self._store, view, values or {})
        held = self.typed(user, view)
        complaints = forms.complaints(view, held)
        if complaints:
            self._modals.remark(view, errors=complaints)
            return Delivery("view_submission", {}, user=user, errors=complaints)
        payload = payloads.view_submission(self._store, person, view, held, self._modals.trigger(user))
        delivery = await self._courier.send(Delivery("view_submission", payload, user=user))
        self._submissions.answered(view, delivery)
        return delivery

    async def close_modal(self, user: str) -> Delivery:
        """A person closes the top modal; the app hears of it if the view says `notify_on_close`."""
        person, view = self._actor(user), self._top(user)
        everything = bool(view.content.get("clear_on_close"))
        outcome = Delivery("view_closed", {}, user=user, closed=True)
        for gone in self._modals.close(user, everything=everything):
            if gone.content.get("notify_on_close"):
                held = self.typed(user, gone)
                payload = payloads.view_closed(self._store, person, gone, held, cleared=everything)
                sent = await self._courier.send(Delivery("view_closed", payload, user=user, closed=True))
                outcome = outcome if outcome.sent else sent
        return outcome

    # -- the app's own places ---------------------------------------------------------------------------------------
    async def open_home(self, user: str) -> Delivery:
        """A person opens the app's Home tab."""
        self._actor(user)
        return await self._events.home_opened(user, self.home(user))

    async def shortcut(self, user: str, callback_id: str, message: Message | None = None) -> Delivery:
        """A person uses a global shortcut, or with `message` a message shortcut."""
        person = self._actor(user)
        kind = "global" if message is None else "message"
        if callback_id not in [each["callback_id"] for each in self.shortcuts(kind)]:
            raise NotPossibleError(f"there is no {kind} shortcut {callback_id!r}")
        trigger = self._modals.trigger(user)
        if message is None:
            payload = payloads.shortcut(self._store, person, callback_id, trigger)
        else:
            payload = self._message_action(person, callback_id, message, trigger)
        sent = Delivery("shortcut" if message is None else "message_action", payload, user=user)
        delivery = await self._courier.send(sent)
        delivery.notice = explain(delivery)
        return delivery

    def _message_action(self, person: User, callback_id: str, message: Message, trigger: str) -> Json:
        shown = self._shown(person.id, message)
        if not isinstance(shown, Message):
            raise NotPossibleError("only a message that everybody sees offers shortcuts")
        hook = self._hooks.make(self.base_url, person.id, shown.channel, shown)
        return payloads.message_action(self._store, person, callback_id, shown, trigger, hook)

    def dismiss(self, ephemeral: Ephemeral) -> None:
        """The addressee dismisses an ephemeral message."""
        self._store.hush(ephemeral, by_app=False)

    # -- what administrators and time do ----------------------------------------------------------------------------
    async def change_person(self, user: str, **changes: Any) -> list[Delivery]:
        """Change a person's profile or flags and send `user_change` if the app subscribed to it."""
        for name, value in changes.items():
            if name not in User.__dataclass_fields__:
                raise NotPossibleError(f"a person has no {name!r}")
            setattr(self.people[user], name, value)
        self._store.notices.tell("person", user=user)
        return await self._events.person_changed(self.people[user])

    async def tick(self) -> list[Delivery]:
        """Send the retries of events that have become due on the clock."""
        return await self._courier.tick()

    async def redeliver(self, delivery: Delivery) -> Delivery:
        """Send an earlier delivery again, byte for byte."""
        return await self._courier.resend(delivery)

    async def deliver(self, kind: str, payload: Json, user: str = "") -> Delivery:
        """Send a payload made by hand, properly signed (another team's id, an unknown action, ...)."""
        return await self._courier.send(Delivery(kind, payload, user=user))

    # -- what the client permits ------------------------------------------------------------------------------------
    def _actor(self, user: str) -> User:
        person = self.people.get(user)
        if person is None:
            raise NotPossibleError(f"there is no person {user!r}")
        if person.deleted:
            raise NotPossibleError(f"{person.name} is deactivated")
        return person

    def _writable(self, user: str, reference: str) -> Channel:
        channel = self.channel(reference)
        if user not in (channel.members or ()):
            raise NotPossibleError(f"{self.people[user].name} is not in #{channel.name}")
        if channel.is_archived:
            raise NotPossibleError(f"#{channel.name} is archived")
        return channel

    def _shown(self, user: str, surface: Surface, stale: Surface | None = None) -> Surface:
        """The current version of a surface this person sees; a stale one may be gone by now."""
        if isinstance(surface, View):
            return self._shown_view(user, surface)
        if not self._store.sees(self.people[user], self.channels[surface.channel]):
            raise NotPossibleError(f"{self.people[user].name} does not see #{self.channels[surface.channel].name}")
        if isinstance(surface, Ephemeral):
            current: Surface | None = self._store.whispered(user, surface.channel, surface.ts)
        else:
            current = self._store.current(surface) or stale
        if current is None:
            raise NotPossibleError(f"{self.people[user].name} does not see that message (any more)")
        return current

    def _shown_view(self, user: str, view: View) -> View:
        current = self.home(user) if view.type == "home" else self.modal(user)
        if current is None or current.id != view.id:
            raise NotPossibleError(f"{self.people[user].name} does not have that {view.type} on top of the screen")
        return current

    def _top(self, user: str) -> View:
        view = self.modal(user)
        if view is None:
            raise NotPossibleError(f"{self.people[user].name} has no modal open")
        return view

    def _last(self, key: str) -> Delivery:
        for delivery in reversed(self.deliveries):
            if delivery.key == key:
                return delivery
        raise NotPossibleError("there was no such click that could be sent again")

    def _escaped(self, text: str) -> str:
        """Command text as `should_escape` asks for it: `@name` and `#name` become `<@U1|name>` and `<#C1|name>`."""
        people = {person.name: person.id for person in self.people.values()}
        channels = {channel.name: channel.id for channel in self.channels.values() if not channel.is_im}

        def link(found: re.Match[str]) -> str:
            mark, name = found.groups()
            some_id = (people if mark == "@" else channels).get(name)
            return f"<{mark}{some_id}|{name}>" if some_id else found.group()

        return _REFERENCE.sub(link, text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
