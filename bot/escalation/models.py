"""Tiers, deadlines, and how far each escalation has climbed."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import JSON
from sqlalchemy import Column as Stored
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from bot.comms.models import TemplateName
from bot.foundation.config import Settings
from bot.people.models import RoleKey


class Tier(Settings):
    """Who is brought in at this level, with which words."""

    title: str
    roles: Annotated[list[RoleKey], Field(min_length=1)]
    template: TemplateName
    does: str


class Deadlines(Settings):
    """How long a tier has before the next one is brought in, and whoever is asked to take over the lead to answer."""

    acknowledge: timedelta
    decide: timedelta
    accept: Annotated[timedelta, Field(ge=timedelta(minutes=1))] = timedelta(minutes=15)


class EscalationPolicy(Settings):
    """`config/escalation.yaml`: the tiers from first to last, and the deadlines of each severity."""

    tiers: Annotated[list[Tier], Field(min_length=1)]
    deadlines: dict[str, Deadlines]


class EscalationState(StrEnum):
    """What is this escalation waiting for?

    waiting_for_acknowledgement -> waiting_for_decision   somebody in the directory acknowledges and leads from then on
    waiting_for_acknowledgement -> itself                 nobody did in time: the next tier is paged
    waiting_for_decision -> itself                        no decision in its time: the next tier is paged
    waiting_for_* -> exhausted                            the last tier's time passed; nobody is left to page
    exhausted -> waiting_for_decision                     somebody acknowledges after all
    waiting_for_* | exhausted -> decided                  a decision was made: nobody else is paged
    decided -> decided                                    somebody acknowledges after all, and leads
    any -> ended                                          the incident was closed
    """

    WAITING_FOR_ACKNOWLEDGEMENT = "waiting_for_acknowledgement"
    WAITING_FOR_DECISION = "waiting_for_decision"
    EXHAUSTED = "exhausted"
    DECIDED = "decided"
    ENDED = "ended"


class Escalation(SQLModel, table=True):
    """One climb: about what, how far, who leads, and when the next tier is brought in (`next_tier_at`).

    `waiting_since` is when the time that runs now began: a tier was paged, or somebody acknowledged. A lead without
    `acknowledged_at` was named by somebody else and has not answered yet.

    Attributes:
        offer: The lead is offered to somebody, who has until `offer_until`: `{"to", "by", "from", "reason", "open",
            "at"}`, people by Slack id; None while it is not.
        remind_at: When a lead who acknowledged and did nothing since is reminded; None: not (any more).
    """

    __tablename__ = "escalation"

    subject: str = Column(primary_key=True)
    system: str
    severity: str
    channel: str
    state: str = EscalationState.WAITING_FOR_ACKNOWLEDGEMENT
    tier: int = 1
    lead: str | None = Column(default=None, index=True)
    policy: str
    started_at: datetime
    waiting_since: datetime
    acknowledged_at: datetime | None = None
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    next_tier_at: datetime | None = Column(default=None, index=True)
    offer: dict[str, Any] | None = Column(default=None, sa_column=Stored(JSON(none_as_null=True)))
    offer_until: datetime | None = Column(default=None, index=True)
    remind_at: datetime | None = Column(default=None, index=True)
