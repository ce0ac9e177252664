"""Events API: what the app hears of, if its manifest subscribes to it."""

from bot.workspace import payloads, wire
from bot.workspace.deliveries import Courier
from bot.workspace.state import Delivery, Json, Message, User, View
from bot.workspace.store import Store


class Events:
    """Sends events the app subscribed to (`settings.event_subscriptions.bot_events`)."""

    def __init__(self, store: Store, courier: Courier) -> None:
        self._store = store
        self._courier = courier

    async def home_opened(self, user: str, home: View | None) -> Delivery:
        """`app_home_opened`."""
        channel = self._store.dm(user)
        inner: Json = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": "home"}
        if home is not None:
            inner["view"] = wire.view(self._store.team, home)
        return await self._send("app_home_opened", inner, user)

    async def said(self, message: Message) -> list[Delivery]:
        """`message.channels`, `message.groups` or `message.im`, and `app_mention`; only from where the app is."""
        channel = self._store.channels[message.channel]
        if not channel.bot_is_member and not channel.is_im:
            return []
        family = "im" if channel.is_im else "group" if channel.is_private else "channel"
        described = wire.message(self._store, message) | {"channel": channel.id}
        name = "message.im" if channel.is_im else f"message.{family}s"
        sent = [await self._send(name, described | {"channel_type": family}, message.user)]
        if f"<@{self._store.team.bot_user}>" in message.text and not channel.is_im:
            sent.append(await self._send("app_mention", described | {"type": "app_mention"}, message.user))
        return sent

    async def reacted(self, user: str, message: Message, emoji: str) -> Delivery:
        """`reaction_added`."""
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        inner = {"type": "reaction_added", "user": user, "reaction": emoji, "item": item, "item_user": message.user}
        return await self._send("reaction_added", inner, user)

    async def person_changed(self, person: User) -> list[Delivery]:
        """`user_change`."""
        inner = {"type": "user_change", "user": wire.user(self._store, person, with_email=False)}
        return [await self._send("user_change", inner, person.id)]

    async def _send(self, name: str, inner: Json, user: str) -> Delivery:
        """Send an event, unless the app did not subscribe to it (`sent=False`)."""
        subscribed = self._store.manifest.get("settings", {}).get("event_subscriptions", {}).get("bot_events", ())
        if name not in subscribed:
            return Delivery("event", {}, user=user)
        return await self._courier.send(Delivery("event", payloads.event(self._store, inner), user=user))
