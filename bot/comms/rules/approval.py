"""Which version of which template was approved by whom, and which one fits an incident."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.comms.models import Approval, Audience, CommsPolicy, Library, Stage, Statement, Template
from bot.comms.rules.wording import FACTS, PAGE, PAGE_FACTS
from bot.foundation.blocks import Markup
from bot.foundation.config import Config
from bot.foundation.errors import Problem
from bot.people.models import Directory, PersonKey, RoleKey
from bot.people.rules import holdings

REVIEW_SOON = timedelta(days=30)


@dataclass(frozen=True)
class Telling:
    """What somebody wants to tell: about which subject, whom, at which stage; '' for what was not chosen."""

    subject: str
    audience: str
    stage: str


@dataclass(frozen=True)
class Preview:
    """What would be posted, and whether it can be: everything that the form shows.

    Attributes:
        telling: What was chosen.
        subjects: What can be chosen: subject and title, the newest first.
        template: The template that fits, if there is one.
        approval: Who approved it, and until when, in words.
        text: The words as they would be posted.
        why_not: Why it cannot be posted by anybody, and how to mend that.
        not_yours: Who may post it instead of the reader, in words.
        last: The last statement made from this template about this subject.
    """

    telling: Telling
    subjects: Sequence[tuple[str, str]] = ()
    template: Template | None = None
    approval: str = ""
    text: Markup | None = None
    why_not: str | None = None
    not_yours: str | None = None
    last: Statement | None = field(default=None, compare=False)

    @property
    def can_be_posted(self) -> bool:
        """May the reader post this now?"""
        return self.text is not None and self.why_not is None and self.not_yours is None


def place(template: Template) -> str:
    """Return where people find a template: `messages/customers/initial.md.j2`."""
    return "/".join(template.file.parts[-(template.name.count("/") + 2) :])


def allowed_facts(template: Template, audience: Audience | None) -> Collection[str]:
    """Return which facts a template may name: those of its audience; pages may name all, and their own."""
    if template.stage == PAGE:
        return {**FACTS, **PAGE_FACTS}
    return (audience.facts if audience else None) or list(FACTS)


def why_not_approved(template: Template, approval: Approval | None, today: date) -> str | None:
    """Say why a template does not count as approved today, and how to mend it; None if it does.

    The review date of a page warns and no more: a calendar must never silence an alarm.
    """
    where = place(template)
    mend = "Ask its approvers to read it, then note its digest in messages/approvals.yaml (`backout check` prints it)."
    if approval is None:
        return f"{where} has not been approved. {mend}"
    if approval.digest != template.digest:
        return f"{where} was edited after it was approved. {mend}"
    if today > approval.review_by and template.stage != PAGE:
        return f"The approval of {where} ended on {approval.review_by:%-d %B %Y}. {mend}"
    return None


def why_not_entitled(template: Template, approval: Approval, audience: Audience, directory: Directory) -> str | None:
    """Say whose approval a template lacks: each role that its audience names must have approved. None if all have."""
    missing = [role for role in audience.approvers if not _hold(directory, approval.approved_by, role)]
    if not missing:
        return None
    titles = " and ".join(directory.roles[role].title if role in directory.roles else role for role in missing)
    who = " and ".join(approval.approved_by)
    return (
        f"{place(template)} was approved by {who}; for {template.audience} it needs {titles}. "
        "Ask them to read it, then add them to messages/approvals.yaml."
    )


def approval_words(approval: Approval, directory: Directory) -> str:
    """Say who approved a template and until when."""
    people = directory.people
    names = " and ".join(people[key].name if key in people else key for key in approval.approved_by)
    return f"approved by {names} on {approval.approved_on:%-d %B %Y}, to be reviewed by {approval.review_by:%-d %B %Y}"


def choose(library: Library, audience: str, stage: str, incident_type: str) -> Template | None:
    """Return the template for an audience at a stage: one written for this kind of incident, else the general one."""
    fitting = [t for t in library.templates.values() if (t.audience, t.stage) == (audience, stage)]
    special = [t for t in fitting if incident_type in t.incident_types]
    general = [t for t in fitting if not t.incident_types]
    return next(iter(sorted(special, key=_by_name) or sorted(general, key=_by_name)), None)


def suggested_stage(stages_told: Collection[str], is_open: bool) -> Stage:
    """Return where to start: the first news first, then updates, and the summary when it is over."""
    if not is_open:
        return Stage.SUMMARY
    return Stage.UPDATE if stages_told else Stage.INITIAL


def warnings(config: Config, today: date) -> Iterator[Problem]:
    """Find what keeps templates from being posted, or soon will; nothing here keeps Backout from starting."""
    library, policy, directory = config[Library], config[CommsPolicy], config[Directory]
    for name, template in sorted(library.templates.items()):
        approval = library.approvals.get(name)
        audience = policy.audiences.get(template.audience)
        why = why_not_approved(template, approval, today)
        if approval and not why and audience:
            why = why_not_entitled(template, approval, audience, directory)
        if why:
            what, mend = why.split(". ", 1)
            yield Problem(template.file, 1, what, f"{mend[:1].lower()}{mend[1:].rstrip('.')}: {template.digest}")
        elif approval and today > approval.review_by - REVIEW_SOON:
            line = config.document(Library).line(("approvals", name, "review_by"))
            yield Problem(
                config.document(Library).file,
                line,
                f"{name} is to be reviewed by {approval.review_by:%-d %B %Y}",
                "read it again, and set approved_on and review_by",
            )
    yield from _missing(config, library, policy)


def _missing(config: Config, library: Library, policy: CommsPolicy) -> Iterator[Problem]:
    for audience in policy.audiences:
        for stage in Stage:
            if choose(library, audience, stage, "") is None:
                what = f"there is no template for {audience} at the stage {stage}"
                mend = f"write messages/{audience}/{stage}.md.j2 with no incident_types, and have it approved"
                yield config.document(CommsPolicy).problem(("audiences", audience), what, mend)


def _by_name(template: Template) -> str:
    return template.name


def _hold(directory: Directory, people: Iterable[PersonKey], role: RoleKey) -> bool:
    """Does one of these people hold a role, for whichever system, on duty or not?"""
    held = {holding.role for key in people for holding in holdings(directory, key)}
    return role in held
