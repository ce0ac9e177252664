"""Who is this, whom does a role reach now, and what did Slack say about an account?"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.foundation import outbox
from bot.foundation.errors import Refusal
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.work import Actor, Lane, Reading, Work
from bot.people import rules
from bot.people.models import Directory, PersonKey, RoleKey, SlackAccount
from bot.people.service.directory import directory_now

log = logging.getLogger(__name__)
REFRESH_EVERY = timedelta(hours=6)
TRY_AGAIN_AFTER = timedelta(minutes=10)
BATCH = 25
_REFRESH = "people.refresh"


def identify(reading: Reading, team_id: str | None, user_id: str) -> Actor:
    """Return who acts, as everything below knows them.

    Raises:
        Refusal: for strangers, guests, bots, deactivated and foreign accounts, and accounts not checked yet; each in
            its own words, which say what to do.
    """
    directory = reading.config[Directory]
    why = rules.why_not_identified(directory, user_id, account_of(reading, user_id), team_id)
    found = rules.person_by_slack(directory, user_id)
    if why is not None or found is None:
        raise Refusal(why or rules.STRANGER)
    return Actor("person", user_id, found[1].name, found[1].zone)


def account_of(reading: Reading, user_id: str) -> SlackAccount | None:
    """Return what Slack last said about an account."""
    return reading.session.get(SlackAccount, user_id)


def why_not_active(reading: Reading, user_id: str) -> str | None:
    """Say why this account counts for nothing now, None if it may act."""
    directory = reading.config[Directory]
    return rules.why_not_identified(directory, user_id, account_of(reading, user_id), directory.team.slack)


def is_active(reading: Reading, user_id: str) -> bool:
    """Is this somebody of the directory whose account was checked and is a plain member's?"""
    return why_not_active(reading, user_id) is None


def everybody_active(reading: Reading) -> frozenset[str]:
    """Return the Slack ids of everybody in the directory who may act now, in one query."""
    return frozenset(_everybody(reading, unchecked_too=False))


def everybody_reachable(reading: Reading) -> frozenset[str]:
    """Return the Slack ids of everybody in the directory worth paging: accounts that were never checked, too."""
    return frozenset(_everybody(reading, unchecked_too=True))


def roles_of(reading: Reading, user_id: str, system: str | None = None) -> list[RoleKey]:
    """Return the roles somebody holds for a system (without one: for any), none while they may not act."""
    directory = reading.config[Directory]
    found = rules.person_by_slack(directory, user_id)
    if found is None or not is_active(reading, user_id):
        return []
    directory = directory_now(reading)
    return [role for role in directory.roles if found[0] in rules.holders(directory, role, system, reading.now)]


def reach(reading: Reading, role: RoleKey, system: str | None) -> list[str]:
    """Return whom to ask for a role now, by Slack id: its active holders, else their active deputies, else nobody.

    An account that could not be checked yet is asked, too: better to page somebody in vain than nobody at all.
    """
    directory = directory_now(reading)
    keys = rules.holders(directory, role, system, reading.now)
    deputies = [deputy for key in keys if (deputy := directory.people[key].deputy)]
    return _reachable(reading, keys) or _reachable(reading, deputies)


def has_role(reading: Reading, user_id: str, roles: Iterable[RoleKey], system: str | None) -> bool:
    """May somebody act now in one of these roles: as a holder, or as deputy of a holder who is not active?"""
    wanted = list(roles)
    if set(wanted) & set(roles_of(reading, user_id, system)):
        return True
    return stands_in_for(reading, user_id, wanted, system) is not None


def stands_in_for(reading: Reading, user_id: str, roles: Iterable[RoleKey], system: str | None) -> str | None:
    """Return the holder, by Slack id, in whose place somebody may act now in one of these roles; None for nobody."""
    directory = reading.config[Directory]
    found = rules.person_by_slack(directory, user_id)
    if found is None or not is_active(reading, user_id):
        return None
    directory = directory_now(reading)
    for role in roles:
        for key in rules.holders(directory, role, system, reading.now):
            holder = directory.people[key]
            if holder.deputy == found[0] and not is_active(reading, holder.slack):
                return holder.slack
    return None


def remember(work: Work, user_id: str, user: Mapping[str, Any] | None) -> None:
    """Note what Slack says about an account (its user object; None: there is no such account).

    Of two answers the one Slack changed later holds, so a slow refresh cannot undo a deactivation.
    """
    _remember(work, user_id, user, account_of(work, user_id))
    work.session.flush()


def refresh_due(reading: Reading) -> datetime | None:
    """Return when Slack is to be asked about everybody again: at once while anybody's account is unknown."""
    people = _accounts_of_the_directory(reading)
    if not people or _is_under_way(reading):
        return None
    known, oldest = _known(reading, people)
    due = reading.now if oldest is None or known < len(people) else oldest + REFRESH_EVERY
    given_up = reading.session.exec(_refreshes().where(col(OutboxRow.state) == OutboxState.PARKED)).all()
    return max([due, *(row.due_at + TRY_AGAIN_AFTER for row in given_up)])


def ask_for_refresh(work: Work) -> int:
    """Ask Slack about everybody in the directory, if that is due. Returns how many accounts it asks about."""
    due = refresh_due(work)
    return recheck(work) if due is not None and due <= work.now else 0


def recheck(work: Work) -> int:
    """Ask Slack about everybody in the directory now: news of accounts may have been lost. Returns how many."""
    people = _accounts_of_the_directory(work)
    for start in range(0, len(people), BATCH):
        key = f"{_REFRESH}:{start}"
        work.enqueue(_REFRESH, key, {"people": people[start : start + BATCH], "key": key}, lane=Lane.PAGE)
    return len(people)


def ask_the_rest(work: Work, payload: Mapping[str, Any], answered: Collection[str], why: str) -> None:
    """Ask again, later and later, about those of a batch whom Slack did not answer for; said once in the log."""
    times = int(payload.get("times", 0)) + 1
    if times == 1:
        log.warning("Slack does not say who is who, so it is asked until it does: %s", why)
    rest = {**payload, "people": [one for one in payload["people"] if one not in answered], "times": times}
    due_at = work.now + min(TRY_AGAIN_AFTER, timedelta(seconds=5 * 2 ** min(times, 10)))
    work.enqueue(_REFRESH, str(payload.get("key", f"{_REFRESH}:0")), rest, lane=Lane.PAGE, due_at=due_at)


def settle_refresh(work: Work, accounts: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Note what Slack answered; bring Homes up to date, and have a look at what waits for those who may not act now."""
    directory, known = work.config[Directory], _accounts(work, accounts)
    for user_id, user in accounts.items():
        before = rules.why_not_identified(directory, user_id, known.get(user_id), directory.team.slack)
        account = _remember(work, user_id, user, known.get(user_id))
        after = rules.why_not_identified(directory, user_id, account, directory.team.slack)
        if after != before:
            outbox.refresh_home(work, user_id)
        if after and after != before:
            work.enqueue("approvals.check_reach", f"approvals.check_reach:{user_id}", {"person": user_id})


def unchecked(reading: Reading) -> str:
    """Say how many accounts of the directory have never been checked, '' when all have: nobody else can act yet."""
    wanted = _accounts_of_the_directory(reading)
    known, _oldest = _known(reading, wanted)
    missing = len(wanted) - known
    return f"{missing} accounts not checked yet" if missing else ""


def is_same_person(reading: Reading, one: str, other: str) -> bool:
    """Are these accounts (Slack ids) one human's?"""
    directory = reading.config[Directory]
    return directory.main_account(one) == directory.main_account(other)


def _accounts_of_the_directory(reading: Reading) -> list[str]:
    """Return every Slack id of everybody, each once: those under which people are known, and their others."""
    everybody = reading.config[Directory].people.values()
    return list(dict.fromkeys(one for person in everybody for one in (person.slack, *person.accounts)))


def _everybody(reading: Reading, *, unchecked_too: bool) -> Iterator[str]:
    directory = reading.config[Directory]
    ids = [person.slack for person in directory.people.values()]
    accounts = _accounts(reading, ids)
    for one in ids:
        account = accounts.get(one)
        why = rules.why_not_identified(directory, one, account, directory.team.slack)
        if why is None or (unchecked_too and account is None):
            yield one


def _reachable(reading: Reading, keys: Iterable[PersonKey]) -> list[str]:
    directory = reading.config[Directory]
    ids = (rules.slack_id(directory, key) for key in keys)
    return [one for one in dict.fromkeys(ids) if account_of(reading, one) is None or is_active(reading, one)]


def _remember(work: Work, user_id: str, user: Mapping[str, Any] | None, before: SlackAccount | None) -> SlackAccount:
    """Note what Slack says about an account that we knew as `before`; returns it as it is known now."""
    facts = _facts(work, user)
    account = before or SlackAccount(user_id=user_id, checked_at=work.now, **facts)
    account.checked_at = work.now
    work.session.add(account)
    if before is None or user is None or facts["changed_at"] >= before.changed_at:
        _record_change(work, user_id, before, facts)
        account.sqlmodel_update(facts)
    return account


def _facts(work: Work, user: Mapping[str, Any] | None) -> dict[str, Any]:
    team_id = work.config[Directory].team.slack
    return rules.account_facts(user if user is not None else {"deleted": True, "team_id": team_id}, team_id)


def _record_change(work: Work, user_id: str, before: SlackAccount | None, facts: Mapping[str, Any]) -> None:
    flags = ("is_deleted", "is_bot", "is_guest", "is_foreign")
    changed = {flag: facts[flag] for flag in flags if facts[flag] != (getattr(before, flag) if before else False)}
    if changed:
        work.record("account.changed", user_id, **changed)


def _accounts(reading: Reading, people: Iterable[str]) -> dict[str, SlackAccount]:
    rows = reading.session.exec(select(SlackAccount).where(col(SlackAccount.user_id).in_(list(people))))
    return {account.user_id: account for account in rows}


def _known(reading: Reading, people: Collection[str]) -> tuple[int, datetime | None]:
    """Return how many of these accounts are known, and when the first of them was checked; asked in every round."""
    query = select(func.count(), func.min(SlackAccount.checked_at)).where(col(SlackAccount.user_id).in_(people))
    return reading.session.exec(query).one()


def _refreshes() -> SelectOfScalar[OutboxRow]:
    return select(OutboxRow).where(col(OutboxRow.kind) == _REFRESH)


def _is_under_way(reading: Reading) -> bool:
    busy = col(OutboxRow.state).in_([OutboxState.WAITING, OutboxState.SENDING])
    return reading.session.exec(_refreshes().where(busy)).first() is not None
