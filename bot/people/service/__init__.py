"""Who is this, whom does a role reach now, and who is on duty?"""

from bot.people.service.accounts import (
    account_of,
    ask_for_refresh,
    ask_the_rest,
    everybody_active,
    everybody_reachable,
    has_role,
    identify,
    is_active,
    is_same_person,
    reach,
    recheck,
    refresh_due,
    remember,
    roles_of,
    settle_refresh,
    stands_in_for,
    unchecked,
    why_not_active,
)
from bot.people.service.directory import directory_now
from bot.people.service.duty import end_duty, take_duty
from bot.people.service.groups import ask_for_groups, groups_due, settle_groups

__all__ = [
    "account_of",
    "ask_for_groups",
    "ask_for_refresh",
    "ask_the_rest",
    "directory_now",
    "end_duty",
    "everybody_active",
    "everybody_reachable",
    "groups_due",
    "has_role",
    "identify",
    "is_active",
    "is_same_person",
    "reach",
    "recheck",
    "refresh_due",
    "remember",
    "roles_of",
    "settle_groups",
    "settle_refresh",
    "stands_in_for",
    "take_duty",
    "unchecked",
    "why_not_active",
]
