"""The door for time: App Homes on their way out, and asking Slack what became of everybody's account."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bot.foundation.blocks import Section
from bot.foundation.errors import BackoutError
from bot.foundation.outbox import Effect, Home, Outgoing, Payload, Sweep
from bot.foundation.work import Reading, Work
from bot.people import rules, service, views
from bot.people.models import Directory

HomeSection = Callable[[Reading, str], Section]
AskGroup = Callable[[str], Awaitable[Sequence[str]]]
Ask = Callable[[str], Awaitable[Mapping[str, Any] | None]]
SECONDS_FOR_A_BATCH = 120.0
_KEPT = (
    "id",
    "team_id",
    "name",
    "real_name",
    "tz",
    "deleted",
    "is_bot",
    "is_restricted",
    "is_ultra_restricted",
    "is_stranger",
    "updated",
)

_KEPT_OF_PROFILE = ("real_name", "status_emoji", "status_expiration")


def build_home(sections: Sequence[HomeSection]) -> Callable[[Reading, Payload], Outgoing | None]:
    """Return the builder of `people.home`: who you are, then every capability's part, in order.

    Somebody who may not act here sees why not and what to do, and nothing else.
    """

    def build(reading: Reading, payload: Payload) -> Home:
        user_id = str(payload["person"])
        why = service.why_not_active(reading, user_id)
        if why:
            return Home(user_id, views.home(views.closed_door(why, user_id), []))
        return Home(user_id, views.home(_welcome(reading, user_id), [part(reading, user_id) for part in sections]))

    return build


def refresh_effect(ask: Ask) -> Effect:
    """Return the effect `people.refresh`, which asks Slack for accounts and remembers what it says.

    Args:
        ask: Returns Slack's user object for an id, None if Slack knows no such account; raises when it could not ask
            (BackoutError), and then the rest of this batch is asked about again soon. Asking changes nothing in Slack.
    """

    async def act(payload: Payload, _key: str) -> Payload:
        accounts: dict[str, Any] = {}
        try:
            for user_id in payload["people"]:
                accounts[user_id] = _kept(await ask(user_id))
        except BackoutError as error:
            return {"accounts": accounts, "failed": str(error)}
        return {"accounts": accounts}

    def settle(work: Work, payload: Payload, outcome: Payload) -> None:
        service.settle_refresh(work, outcome["accounts"])
        if outcome.get("failed"):
            service.ask_the_rest(work, payload, outcome["accounts"], outcome["failed"])

    return Effect(act, settle, lease=SECONDS_FOR_A_BATCH)


def groups_effect(ask: AskGroup) -> Effect:
    """Return the effect `people.read_groups`, which asks Slack who is in which user group.

    Args:
        ask: Returns the ids of a group's members, none for a group that is gone; raises when it could not ask.
    """

    async def act(payload: Payload, _key: str) -> Payload:
        members: dict[str, Any] = {}
        try:
            for group in payload["groups"]:
                members[group] = await ask(group)
        except BackoutError as error:
            return {"members": members, "failed": str(error)}
        return {"members": members}

    def settle(work: Work, payload: Payload, outcome: Payload) -> None:
        del payload
        service.settle_groups(work, outcome["members"], str(outcome.get("failed", "")))

    return Effect(act, settle, lease=SECONDS_FOR_A_BATCH)


def recheck(work: Work, _payload: Payload) -> None:
    """Ask about everybody, after a time in which news may have been lost."""
    service.recheck(work)


MESSAGES: Mapping[str, Callable[[Reading, Payload], Outgoing | None]] = {}  # `people.home` needs app.py's list
STEPS: Mapping[str, Callable[[Work, Payload], None]] = {"people.recheck": recheck}
SWEEPS = (
    Sweep("people.refresh", service.refresh_due, service.ask_for_refresh),
    Sweep("people.read_groups", service.groups_due, service.ask_for_groups),
)


def _welcome(reading: Reading, user_id: str) -> Section:
    directory = reading.config[Directory]
    found = rules.person_by_slack(directory, user_id)
    assert found is not None  # noqa: S101 - whoever is active stands in the directory
    key, person = found
    deputy = directory.people[person.deputy] if person.deputy else None
    others = [directory.people[other] for other in rules.stood_in_for(directory, key)]
    return views.welcome(person, rules.holdings(directory, key), deputy, others)


def _kept(user: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Keep what tells whether an account is to be trusted, and no more of anybody's profile."""
    if user is None:
        return None
    kept = {key: user[key] for key in _KEPT if key in user}
    profile = user.get("profile") or {}
    kept["profile"] = {
        key: profile[key] for key in ("real_name", "status_emoji", "status_expiration") if key in profile
    }
    teams = (user.get("enterprise_user") or {}).get("teams")
    return {**kept, "enterprise_user": {"teams": teams}} if teams else kept
