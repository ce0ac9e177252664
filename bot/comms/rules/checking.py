"""What makes `config/comms.yaml` or a file of `messages/` unusable: Backout does not start before it is mended."""

from collections.abc import Iterator

from bot.comms.models import Audience, CommsPolicy, Library, Stage, Template
from bot.comms.rules.approval import allowed_facts, place
from bot.comms.rules.wording import FACTS, IN_HOUSE, PAGE, RESPONDERS, problems_in
from bot.foundation.config import Config, Document, Location
from bot.foundation.errors import Problem
from bot.people.models import Directory


def checks(config: Config) -> Iterator[Problem]:
    """Find mistakes that make words unusable. An edited or unapproved statement is none: it waits for its approval."""
    yield from _policy_problems(config)
    library, policy = config[Library], config[CommsPolicy]
    for template in library.templates.values():
        yield from _template_problems(template, policy)
    yield from _clashes(library)
    yield from _approval_problems(config, library)


def _policy_problems(config: Config) -> Iterator[Problem]:
    policy, document = config[CommsPolicy], config.document(CommsPolicy)
    for at, role in _roles_named(policy):
        if role not in config[Directory].roles:
            mend = "add it to people.yaml, or name a role that is there"
            yield document.problem(at, f"“{role}” is no role of people.yaml", mend)
    for key, audience in policy.audiences.items():
        for fact in (fact for fact in audience.facts if fact not in FACTS):
            yield document.problem(("audiences", key, "facts"), f"“{fact}” is no fact", f"use {', '.join(FACTS)}")
        if audience.external:
            yield from _external_problems(document, key, audience)
    for stage in (stage for stage in Stage if stage not in policy.stages):
        yield document.problem(("stages",), f"the stage {stage} has no words", f"add {stage}: …")


def _roles_named(policy: CommsPolicy) -> Iterator[tuple[Location, str]]:
    yield from ((("may_post",), role) for role in policy.may_post)
    for key, audience in policy.audiences.items():
        yield from ((("audiences", key, "approvers"), role) for role in audience.approvers)
        yield from ((("audiences", key, "may_post"), role) for role in audience.may_post)


def _external_problems(document: Document, key: str, audience: Audience) -> Iterator[Problem]:
    at: Location = ("audiences", key)
    for fact in (fact for fact in audience.facts if fact in IN_HOUSE):
        what = f"“{fact}” is free text or names people, and {key} are outside the company"
        yield document.problem((*at, "facts"), what, "take it out of the list")
    if not audience.facts:
        what = f"{key} are outside the company, and nothing says which facts they may hear"
        yield document.problem(at, what, "list them under facts")
    if not audience.approvers:
        what = f"{key} are outside the company, and nobody has to approve what they are told"
        yield document.problem(at, what, "list roles under approvers")


def _template_problems(template: Template, policy: CommsPolicy) -> Iterator[Problem]:
    audience, stage = policy.audiences.get(template.audience), template.stage
    if stage == PAGE and template.audience != RESPONDERS:
        what = f"a page is for {RESPONDERS}, not for “{template.audience}”"
        yield _problem(template, "audience", what, f"write audience: {RESPONDERS}")
    elif stage != PAGE and audience is None:
        mend = f"the audiences are {', '.join(policy.audiences)}"
        yield _problem(template, "audience", f"“{template.audience}” is no audience of comms.yaml", mend)
    if stage != PAGE and stage not in list(Stage):
        mend = f"the stages are {', '.join(Stage)}, and {PAGE}"
        yield _problem(template, "stage", f"“{stage}” is no stage", mend)
    yield from problems_in(template, allowed_facts(template, audience))


def _clashes(library: Library) -> Iterator[Problem]:
    """Two templates for the same moment: nobody could tell which one is meant."""
    taken: dict[tuple[str, str, str], Template] = {}
    for template in sorted(library.templates.values(), key=lambda each: each.name):
        for kind in template.incident_types or [""] if template.stage != PAGE else []:
            other = taken.setdefault((template.audience, template.stage, kind), template)
            if other is not template:
                what = f"{place(other)} is for the same audience, stage and kind of incident"
                yield _problem(template, "stage", what, "keep one of the two, or give them different incident_types")


def _approval_problems(config: Config, library: Library) -> Iterator[Problem]:
    document = config.document(Library)
    for name, approval in library.approvals.items():
        if name not in library.templates:
            what = f"there is no template {name}, but it is approved"
            yield document.problem(("approvals", name), what, "correct the name, or remove the approval")
        if approval.review_by < approval.approved_on:
            what = f"the approval of {name} ends before it begins"
            yield document.problem(("approvals", name, "review_by"), what, "correct one of the two dates")
    for name, template in library.templates.items():
        approval_or_none = library.approvals.get(name)
        if template.stage == PAGE and (approval_or_none is None or approval_or_none.digest != template.digest):
            what = "this page is not approved as it stands, so nobody could be paged with it"
            yield Problem(template.file, 1, what, f"have it read, then approve it as {template.digest}")


def _problem(template: Template, key: str, what: str, mend: str) -> Problem:
    return Problem(template.file, template.lines.get(key, 1), what, mend)
