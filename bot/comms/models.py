"""Templates, their approvals, what they may say about an incident, and what was said."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints
from sqlalchemy import JSON, UniqueConstraint
from sqlalchemy import Column as Stored
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from bot.foundation.config import Settings
from bot.people.models import ChannelId, Email, PersonKey, RoleKey

RouteName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
TemplateName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9/-]{0,79}$")]


class Stage(StrEnum):
    """How far along is the incident, for those who are told about it?"""

    INITIAL = "initial"
    UPDATE = "update"
    REMEDIATION = "remediation"
    SUMMARY = "summary"


class Audience(Settings):
    """Somebody we tell things, and the rules for telling them.

    Attributes:
        title: What people call them ("Customers").
        channel: Where statements for them are posted.
        channel_name: That channel's name, for people.
        external: Are they outside the company?
        facts: Which facts may appear in statements for them; nothing else can.
        approvers: Roles that must each have approved a template for them.
        may_post: Roles that may post for them; empty means those of the policy.
    """

    title: str
    channel: ChannelId
    channel_name: str = ""
    external: bool = False
    facts: list[str] = []
    approvers: list[RoleKey] = []
    may_post: list[RoleKey] = []


class CommsPolicy(Settings):
    """`config/comms.yaml`: audiences, stages in words, and which roles may post where an audience names none."""

    audiences: Annotated[dict[str, Audience], Field(min_length=1)]
    stages: dict[Stage, str]
    may_post: list[RoleKey]


class FileSettings(Settings):
    """A fallback route into a file that only grows, one JSON object a line."""

    kind: Literal["file"]
    name: RouteName
    path: Path


class SmtpSettings(Settings):
    """A fallback route by e-mail. Its password is `BACKOUT_SMTP_PASSWORD`.

    Attributes:
        security: `starttls` and `tls` refuse to send without it, and without a certificate that is valid.
        user: Whom the server knows us as; '' if it asks for no password.
        sender: The address that messages come from.
        people: Who gets every message, whoever it is for.
        roles: Likewise, whoever holds one of them.
    """

    kind: Literal["smtp"]
    name: RouteName
    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    sender: Email
    people: list[PersonKey] = []
    roles: list[RoleKey] = []


class FallbackPolicy(Settings):
    """`config/fallback.yaml`: what happens when Slack is away.

    Attributes:
        summary_after: How long an outage must have been for a summary in each channel.
        after: How long Slack has to be away before the routes are used.
        routes: Other ways to people.
    """

    summary_after: timedelta = timedelta(minutes=10)
    after: timedelta = timedelta(minutes=5)
    routes: list[Annotated[FileSettings | SmtpSettings, Field(discriminator="kind")]] = []


class FrontMatter(Settings):
    """What stands above the words of a template.

    Attributes:
        audience: Whom it is for: a key of `config/comms.yaml`, or `responders` for pages.
        stage: A Stage, or `page`.
        title: What people choose it by.
        incident_types: Kinds of incidents it is written for; empty: any kind.
        guidance: What to check before it is posted: anonymity, which risks to disclose, what to leave out.
    """

    audience: str
    stage: str
    title: str
    incident_types: list[str] = []
    guidance: list[str] = []


class Template(FrontMatter):
    """One file of `messages/`: front matter and a Jinja2 body. `digest` covers all of its bytes.

    `first_line` is the line of the file at which the body begins, `lines` those of the front matter's keys.
    """

    name: TemplateName
    body: str
    file: Path
    digest: str
    first_line: int = 1
    lines: dict[str, int] = {}


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Approval(Settings):
    """People with the right to do so read one exact version of a template and approved it, until `review_by`."""

    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    approved_by: Annotated[list[PersonKey], BeforeValidator(_as_list), Field(min_length=1)]
    approved_on: date
    review_by: date


class Approvals(Settings):
    """`messages/approvals.yaml`: which version of which template was approved, by whom, until when."""

    approvals: dict[TemplateName, Approval]


class Library(Settings):
    """All of `messages/`: templates by name, and their approvals by the same name."""

    templates: dict[str, Template]
    approvals: dict[str, Approval]


class Notice(SQLModel, table=True):
    """Something that people must learn even without Slack: a page, a request for approval, its outcome, an opening.

    Attributes:
        key: The key of the message for Slack in the outbox, which this stands for as long as Slack has not taken it.
        people: Slack ids of those who are asked something.
        sent_at: When it was handed to the fallback routes; None: not yet, or never, because Slack took it.
    """

    __tablename__ = "notice"

    key: str = Column(primary_key=True)
    subject: str
    channel: str
    people: list[str] = Column(sa_column=Stored(JSON, nullable=False))
    text: str
    made_at: datetime = Column(index=True)
    sent_at: datetime | None = Column(default=None, index=True)


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
    """What was said, word for word, under which approval, by whom. `number` counts what was said from one template."""

    __tablename__ = "statement"
    __table_args__ = (UniqueConstraint("subject", "template", "number"),)

    id: str = Column(primary_key=True)
    subject: str = Column(index=True)
    template: str
    number: int
    template_digest: str
    audience: str
    stage: str
    channel: str
    text: str
    posted_by: str
    posted_at: datetime
