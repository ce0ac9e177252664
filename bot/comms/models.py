"""Templates, their approvals, what they may say about an incident, and what was said."""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import JSON
from sqlalchemy import Column as Stored
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from bot.foundation.config import Settings
from bot.people.models import ChannelId

TemplateName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9/-]{0,79}$")]


class Stage(StrEnum):
    """How far along is the incident, for those who are told about it?"""

    INITIAL = "initial"
    UPDATE = "update"
    REMEDIATION = "remediation"
    SUMMARY = "summary"


class Audience(Settings):
    """Somebody we tell things: in which channel statements for them are posted."""

    title: str
    channel: ChannelId
    external: bool = False


class CommsPolicy(Settings):
    """`config/comms.yaml`: audiences, and which roles may post for each."""

    audiences: Annotated[dict[str, Audience], Field(min_length=1)]
    stages: dict[Stage, str]
    may_post: list[str]


class Template(Settings):
    """One file of `messages/`: front matter and a Jinja2 body. `digest` covers all of its bytes."""

    name: TemplateName
    audience: str
    stage: str
    title: str
    incident_types: list[str] = []
    body: str
    file: Path
    digest: str


class Approval(Settings):
    """Somebody with the right to do so read one exact version of a template and approved it."""

    template: TemplateName
    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    approved_by: str
    approved_on: date
    review_by: date


class Library(Settings):
    """All of `messages/`: templates by name, and the approvals in `messages/approvals.yaml`."""

    templates: dict[str, Template]
    approvals: dict[str, Approval]


class Briefing(SQLModel, table=True):
    """What may be said about a subject (`INC-42`): the facts that fill templates, kept current from above."""

    __tablename__ = "briefing"

    subject: str = Column(primary_key=True)
    title: str
    incident_type: str = ""
    facts: dict[str, Any] = Column(sa_column=Stored(JSON, nullable=False))
    is_open: bool = True
    updated_at: datetime


class Statement(SQLModel, table=True):
    """What was said, word for word, under which approval, by whom."""

    __tablename__ = "statement"

    id: str = Column(primary_key=True)
    subject: str = Column(index=True)
    template: str
    template_digest: str
    audience: str
    stage: str
    channel: str
    text: str
    posted_by: str
    posted_at: datetime
