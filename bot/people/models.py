"""The directory (`config/people.yaml`) and what Slack says about each person's account."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

import holidays
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PrivateAttr, StringConstraints
from sqlalchemy import JSON
from sqlalchemy import Column as Stored
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from bot.foundation.config import Settings

PersonKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
RoleKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
UserId = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,20}$")]
TeamId = Annotated[str, StringConstraints(pattern=r"^[TE][A-Z0-9]{2,20}$")]
GroupId = Annotated[str, StringConstraints(pattern=r"^S[A-Z0-9]{2,20}$")]
ChannelId = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{2,20}$")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a directory: once is enough


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"“{name}” is not an IANA time zone such as Europe/Berlin")
    return name


def _written_out(at: Any) -> Any:
    if not isinstance(at, str | time):  # YAML 1.1 reads an unquoted 10:00 as the number 600
        raise ValueError('write the time in quotes, like "09:00"')
    return at


def _email(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"“{address}” is not an e-mail address such as maya@example.com")
    return address


def _holiday_code(code: str) -> str:
    try:
        holiday_calendar(code)
    except (NotImplementedError, ValueError):
        raise ValueError(f"“{code}” has no calendar of public holidays; write DE, or DE-BY for a part of it") from None
    return code


@cache
def holiday_calendar(code: str) -> holidays.HolidayBase:
    """Return the public holidays of a country (`DE`) or a part of one (`DE-BY`); ValueError for one without any."""
    country, _, part = code.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)


HolidayCode = Annotated[str, AfterValidator(_holiday_code)]
Email = Annotated[str, AfterValidator(_email)]
"""An address as people have them at work: nothing in it could end a header or name a second recipient."""
Zone = Annotated[str, AfterValidator(_zone)]
WallClock = Annotated[time, BeforeValidator(_written_out)]


class Team(Settings):
    """The one Slack workspace that Backout serves."""

    slack: TeamId
    name: str


class Hours(Settings):
    """When somebody works, by the clock of their own zone: whom to ask first, never whom not to ask.

    Attributes:
        ends: When before `begins`: on the next day.
        holidays: Whose public holidays are free: a country, or a part of one, as the library `holidays` names them
            (`DE`, `DE-BY`).
    """

    days: Annotated[list[Weekday], Field(min_length=1)] = ["monday", "tuesday", "wednesday", "thursday", "friday"]
    begins: WallClock = time(9)
    ends: WallClock = time(17)
    holidays: HolidayCode | None = None


class Person(Settings):
    """Somebody who may act: their Slack id, what they are called, who stands in for them, and their e-mail address.

    The address is used by fallback routes only (`config/fallback.yaml`). Without `hours` they always work. `accounts`
    are other Slack accounts of the same human: whatever is done with them counts as done by this one person.
    """

    slack: UserId
    accounts: list[UserId] = []
    name: str
    title: str
    zone: Zone
    deputy: PersonKey | None = None
    email: Email | None = None
    hours: Hours | None = None


class Rota(Settings):
    """Turns that people take: one person at a time, handed over every week at a wall-clock time in one zone.

    The first person's turn begins at the first handover on or after `start`.
    """

    people: Annotated[list[PersonKey], Field(min_length=1)]
    zone: Zone
    handover: Weekday
    at: WallClock
    start: date


class Shift(Settings):
    """A time in which somebody is on duty out of turn; of two at once the one that stands later counts."""

    person: PersonKey
    begins: AwareDatetime
    ends: AwareDatetime


class Role(Settings):
    """A role people hold: for every system, or for some. `by_system` replaces `people` for the systems it names.

    Attributes:
        group: A Slack user group whose members hold the role, as far as they stand in the directory.
        shifts: Exceptions from the rota: who is on duty out of turn, and when.
    """

    title: str
    people: list[PersonKey] = []
    group: GroupId | None = None
    by_system: dict[str, list[PersonKey]] = {}
    rota: Rota | None = None
    shifts: list[Shift] = []


class Directory(Settings):
    """`config/people.yaml`: the team, its people by key, and who holds which role.

    Whoever is `away`, or whose status in Slack shows one of the emoji in `away_status`, is asked after everybody else.
    `groups_fresh_for` is how old Slack's answer about a user group may be before nobody counts as a member of it.
    """

    team: Team
    away: list[PersonKey] = []
    away_status: list[str] = []
    groups_fresh_for: Annotated[timedelta, Field(ge=timedelta(minutes=3), le=timedelta(days=1))] = timedelta(minutes=15)
    people: dict[PersonKey, Person]
    roles: dict[RoleKey, Role]
    _by_slack: dict[str, PersonKey] = PrivateAttr()

    def model_post_init(self, _context: Any) -> None:
        """Remember who has which Slack id: it is asked for everybody, again and again."""
        everybody = list(reversed(self.people.items()))
        others = {account: key for key, person in everybody for account in person.accounts}
        self._by_slack = {**others, **{person.slack: key for key, person in everybody}}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values, as of every model."""
        copy = super().model_copy(update=update, deep=deep)
        copy.model_post_init(None)
        return copy

    def key_of(self, slack_id: str) -> PersonKey | None:
        """Return whose Slack id this is, of several the first; None for a stranger's."""
        return self._by_slack.get(slack_id)

    def main_account(self, slack_id: str) -> str:
        """Return the Slack id under which whoever has this account is known; a stranger's stays what it is."""
        key = self.key_of(slack_id)
        return slack_id if key is None else self.people[key].slack


class SlackGroup(SQLModel, table=True):
    """Whom Slack last said to be in a user group, by Slack id. Older than `groups_fresh_for` it counts as empty.

    `said_stale` is true once people were told that it could not be read for so long.
    """

    __tablename__ = "slack_group"

    group_id: str = Column(primary_key=True)
    members: list[str] = Column(default_factory=list, sa_column=Stored(JSON, nullable=False))
    checked_at: datetime
    said_stale: bool = False


class StandIn(SQLModel, table=True):
    """Somebody is on duty out of turn, because a person of the rota said so (`/rollback on-call`)."""

    __tablename__ = "stand_in"

    id: str = Column(primary_key=True)
    role: str
    person: str
    begins: datetime
    ends: datetime = Column(index=True)
    said_by: str
    said_at: datetime


class SlackAccount(SQLModel, table=True):
    """What Slack last said about an account. Nobody whose account is missing here, or not plain, can decide.

    `changed_at` is Slack's own note of when the account last changed (Unix seconds, 0 if it did not say): of two
    answers the later one holds, in whatever order they arrive. `status` is the emoji beside the name, until
    `status_until` (Unix seconds, 0: until it is taken away).
    """

    __tablename__ = "slack_account"

    user_id: str = Column(primary_key=True)
    team_id: str
    name: str = ""
    zone: str = "UTC"
    is_deleted: bool = False
    is_bot: bool = False
    is_guest: bool = False
    is_foreign: bool = False
    status: str = ""
    status_until: int = 0
    changed_at: int = 0
    checked_at: datetime
