"""Where a browser window is: who acts, which conversation is open, which thread beside it. All of it is in the URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from bot.workspace.state import Channel, User
from bot.workspace.workspace import Workspace

HOME = "home"


@dataclass(frozen=True)
class Place:
    """One view of the workspace.

    Args:
        person: who acts.
        where: a channel's id, or `home` for the app's Home tab.
        channel: the open channel; None on the Home tab.
        thread: `ts` of the message whose thread is open, or empty.
        is_whole: whether the whole history is asked for (`all=1`), not only its newest part.
    """

    person: User
    where: str
    channel: Channel | None
    thread: str = ""
    is_whole: bool = False

    def url(self, *, where: str | None = None, thread: str = "", person: str | None = None) -> str:
        """The address of this view, or of the one beside it that the arguments describe."""
        query = {"as": person or self.person.id, "in": where or self.where}
        return "/?" + urlencode(query | ({"thread": thread} if thread else {}))


def find_place(workspace: Workspace, query: Mapping[str, str]) -> Place:
    """The place a URL means; what is missing or unknown falls back to the first person and the first channel.

    Raises:
        LookupError: nobody is in this workspace.
    """
    person = workspace.people.get(query.get("as", "")) or _first_person(workspace)
    place = Place(person, HOME, None)
    wanted = query.get("in", "")
    if wanted == HOME:
        return place
    channel = next((c for c in reachable(workspace, person) if wanted in {c.id, c.name}), None)
    if channel is None:
        visible = workspace.visible_channels(person.id)
        channel = visible[0] if visible else None
    if channel is None:
        return place
    thread, is_whole = query.get("thread", ""), query.get("all") == "1"
    return replace(place, where=channel.id, channel=channel, thread=thread, is_whole=is_whole)


def reachable(workspace: Workspace, person: User) -> list[Channel]:
    """Every conversation a person can open: channels, and the direct one with the app."""
    return [*workspace.visible_channels(person.id), workspace.dm(person.id)]


def playable(workspace: Workspace) -> list[User]:
    """Everybody one can act as: people, not bots, those who can act first."""
    return sorted((user for user in workspace.people.values() if not user.is_bot), key=lambda user: user.deleted)


def _first_person(workspace: Workspace) -> User:
    people = playable(workspace)
    if not people:
        raise LookupError("a workspace needs at least one person to look at it")
    return people[0]
