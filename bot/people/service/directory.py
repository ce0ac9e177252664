"""The directory as it stands at this moment."""

from sqlmodel import col, or_, select

from bot.foundation.work import Reading
from bot.people import rules
from bot.people.models import Directory, SlackAccount, SlackGroup, StandIn

NOW = "people.directory_now"
"""Where a reading remembers it: it is asked for often, and the same to its end unless somebody changes it."""


def directory_now(reading: Reading) -> Directory:
    """Return the directory as it stands at this moment: members of user groups, and who stands in for a turn.

    A group that was not read for longer than `groups_fresh_for` has no members: nobody decides on old news.
    """
    found: Directory | None = reading.memory.get(NOW)
    if found is None:
        directory = reading.config[Directory]
        found = reading.memory[NOW] = rules.as_of_now(directory, _groups(reading), _stand_ins(reading), _away(reading))
    return found


def forget(reading: Reading) -> None:
    """Let the directory be made anew when it is asked for next: who is in it has just changed."""
    reading.memory.pop(NOW, None)


def _groups(reading: Reading) -> dict[str, list[str]]:
    directory = reading.config[Directory]
    if not any(role.group for role in directory.roles.values()):
        return {}
    since = reading.now - directory.groups_fresh_for
    found = reading.session.exec(select(SlackGroup).where(col(SlackGroup.checked_at) >= since))
    return {group.group_id: group.members for group in found}


def _away(reading: Reading) -> list[str]:
    signs = reading.config[Directory].away_status
    if not signs:
        return []
    now = int(reading.now.timestamp())
    lasts = or_(col(SlackAccount.status_until) == 0, col(SlackAccount.status_until) > now)
    return list(reading.session.exec(select(SlackAccount.user_id).where(col(SlackAccount.status).in_(signs), lasts)))


def _stand_ins(reading: Reading) -> list[StandIn]:
    if not any(role.rota for role in reading.config[Directory].roles.values()):
        return []
    query = select(StandIn).where(col(StandIn.begins) <= reading.now, col(StandIn.ends) > reading.now)
    return list(reading.session.exec(query.order_by(col(StandIn.said_at), col(StandIn.id))))
