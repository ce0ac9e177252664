"""Modals and Home tabs: who has which views on the screen, and the triggers that permit opening one.

Every person has a stack of at most three modals, of which the top one is shown:

    (none) --views.open--> root            a fresh trigger of that person opens the first modal
    root   --views.push--> child           a trigger taken inside a modal puts another on top, up to three
    any    --views.update-> same place     the content is replaced; hash guards against overwriting a newer version
    child  --close, empty ack--> parent    the top one goes away and the one below shows again
    any    --clear, clear_on_close--> (none)  all go away
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.workspace.state import Json, View
from bot.workspace.store import Store

TRIGGER_LIFETIME = timedelta(seconds=3)
STACK_LIMIT = 3


@dataclass
class Trigger:
    """Permission to open one modal for one person, for three seconds."""

    id: str
    user: str
    made: datetime
    used: bool = False


class Modals:
    """The views on people's screens."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}
        self._triggers: dict[str, Trigger] = {}

    # -- triggers ---------------------------------------------------------------------------------------------------
    def trigger(self, user: str) -> str:
        """A new trigger id for `user`."""
        now = self._store.now()
        made = Trigger(f"{int(now.timestamp())}.{self._store.next_id('')}.{self._store.team.id.lower()}", user, now)
        self._triggers[made.id] = made
        return made.id

    def age(self, trigger_id: str, age: timedelta) -> None:
        """Make a trigger that much older (a delivery that was long on the road)."""
        self._triggers[trigger_id].made -= age

    def use_trigger(self, trigger_id: str) -> tuple[str, str]:
        """Spend a trigger: (the person's id, ""), or ("", Slack's error code) when it may not be used."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            return "", "invalid_trigger_id"
        if trigger.used:
            return "", "exchanged_trigger_id"
        if self._store.now() - trigger.made > TRIGGER_LIFETIME:
            return "", "expired_trigger_id"
        trigger.used = True
        return trigger.user, ""

    # -- looking ----------------------------------------------------------------------------------------------------
    def stack(self, user: str) -> list[View]:
        """A person's modals, the bottom one first."""
        return list(self._stacks.get(user, ()))

    def home(self, user: str) -> View | None:
        """A person's Home tab."""
        return self._homes.get(user)

    def find(self, *, view_id: str = "", external_id: str = "") -> View | None:
        """The view on somebody's screen with this id."""
        on_screen = [*(view for stack in self._stacks.values() for view in stack), *self._homes.values()]
        for view in on_screen:
            if view.id == view_id or (external_id and view.content.get("external_id") == external_id):
                return view
        return None

    # -- changing ---------------------------------------------------------------------------------------------------
    def open(self, user: str, content: Json) -> View:
        """Show a modal as the only one."""
        self._stacks[user] = []
        return self.push(user, content)

    def push(self, user: str, content: Json) -> View:
        """Put a modal on top of a person's stack."""
        stack = self._stacks.setdefault(user, [])
        view_id = self._store.next_id("V")
        root, below = (stack[0].id, stack[-1].id) if stack else (view_id, None)
        view = self._new(view_id, user, "modal", content, root_view_id=root, previous_view_id=below)
        stack.append(view)
        self._shown(view)
        return view

    def update(self, view: View, content: Json) -> View:
        """Replace the content of a view that is on the screen."""
        changed = replace(
            view,
            content=content,
            hash=self._hash(),
            errors={},
            notice="",
            at=self._store.now(),
            version=view.version + 1,
        )
        self._put(changed)
        self._shown(changed)
        return changed

    def remark(self, view: View, *, errors: dict[str, str], notice: str = "", by_app: bool = False) -> View:
        """Show errors under fields (the app's or Slack's own), or Slack's complaint; not a new version for the app."""
        remarked = replace(view, errors=errors, notice=notice)
        self._put(remarked)
        self._store.notices.tell("modal", user=view.user)
        if by_app:
            self._store.happen("modal", remarked.visible_text, user=view.user, view=remarked)
        return remarked

    def publish(self, user: str, content: Json) -> View:
        """Set a person's Home tab."""
        old = self._homes.get(user)
        if old is not None:
            return self.update(old, content)
        view_id = self._store.next_id("V")
        view = self._new(view_id, user, "home", content, root_view_id=view_id)
        self._homes[user] = view
        self._shown(view)
        return view

    def close(self, user: str, *, everything: bool = False) -> list[View]:
        """Take the top modal (or all) off a person's screen; answers what went, the top one first."""
        stack = self._stacks.get(user, [])
        gone = list(reversed(stack)) if everything else stack[-1:]
        self._stacks[user] = [] if everything else stack[:-1]
        self._store.notices.tell("modal", user=user)
        return gone

    def remove(self, view: View) -> None:
        """Take one modal off its person's screen, wherever in the stack it is."""
        self._stacks[view.user] = [each for each in self._stacks.get(view.user, ()) if each.id != view.id]
        self._store.notices.tell("modal", user=view.user)

    def _new(self, view_id: str, user: str, kind: Literal["modal", "home"], content: Json, **more: Any) -> View:
        store = self._store
        return View(view_id, user, kind, content, self._hash(), at=store.now(), names=store.names, **more)

    def _hash(self) -> str:
        return f"{int(self._store.now().timestamp())}.{self._store.next_id('')}"

    def _put(self, view: View) -> None:
        if view.type == "home":
            self._homes[view.user] = view
            return
        stack = self._stacks[view.user]
        stack[[each.id for each in stack].index(view.id)] = view

    def _shown(self, view: View) -> None:
        self._store.happen(view.type, view.visible_text, user=view.user, view=view)
        self._store.notices.tell(view.type, user=view.user)
