"""What a template may say, and how facts come into it.

A template is words, facts (`{{ users }}`) and conditions (`{% if good_version %}`), nothing else: there is nothing to
call, to loop over or to reach into. Facts are data and never source; whatever comes out of a template is escaped, so
no text of anybody's becomes a mention or a link in Slack.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.comms.models import Template
from bot.foundation.blocks import Markup, clip, escape
from bot.foundation.errors import Problem, Refusal

LONGEST_TEXT = 2_800  # one section block takes 3,000 characters; the preview puts a “>” before each line
LONGEST_BODY = 6_000
DEEPEST = 12
PAGE = "page"
RESPONDERS = "responders"
UNKNOWN = "not known"

FACTS: Mapping[str, str] = {
    "incident": "INC-42",
    "system": "credit-scoring",
    "system_title": "Credit scoring",
    "system_does": "Scores applications for consumer loans.",
    "severity": "high",
    "state": "acknowledged",
    "version": "2026.11",
    "good_version": "2026.10",
    "summary": "Credit scoring 2026.11: abnormal score rate",
    "opened_at": "2026-11-21 14:05 UTC",
    "users": "about 18,000 users",
    "downstream": "Loan approval; Pricing of loans",
    "impact_data": "Scores are stored with each application.",
    "impact_compliance": "Regulated decision.",
    "impact_customers": "Applicants may be declined wrongly.",
    "lead": "Hana Kobayashi",
    "owner": "Hana Kobayashi",
    "containment": "Nothing has been changed yet.",
    "next_update": "2026-11-21 16:00 UTC",
}
"""Every fact that a template may name, each with what it looks like. incidents gives them (see `service.brief`)."""

PAGE_FACTS: Mapping[str, str] = {
    "people": "@Nina Kowalska, @Grace O'Neill",
    "deadline": "2026-11-21 14:20 UTC",
    "next_tier": "Company leadership",
}
"""What escalation adds in pages: who is called, by when they are to act, and who is brought in if they do not."""

IN_HOUSE = frozenset({"summary", "containment", "lead", "owner"})
"""Free text, and names of people: never for readers outside the company."""

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Compare,
    nodes.Operand,
)
_ONLY = "use only words, {{ facts }} and {% if fact %} … {% endif %}"


@dataclass(frozen=True)
class Mistake:
    """One thing that a body may not hold: on which of its lines, what, and how to mend it."""

    line: int
    what: str
    mend: str


class Gap(str):
    """A fact that is missing, blank or “not known”: false in a condition, and refused where it should be read aloud."""

    name: str

    def __new__(cls, name: str) -> "Gap":
        """Make the gap that a missing fact leaves."""
        gap = super().__new__(cls, "")
        gap.name = name
        return gap


def problems_in(template: Template, allowed: Collection[str]) -> Iterator[Problem]:
    """Find what must not stand in a template's body, each with its line in the file."""
    for mistake in _mistakes(template.body, allowed):
        yield Problem(template.file, template.first_line + mistake.line - 1, mistake.what, mistake.mend)


def fill(template: Template, facts: Mapping[str, object], allowed: Collection[str]) -> Markup:
    """Put facts into a template; returns text that is safe to send to Slack, and within its limits.

    Facts are escaped and put on one line unless they are Markup. A page says “not known” where a fact is missing, and
    is cut rather than refused: nothing may silence it.

    Raises:
        Refusal: when the body is not allowed, a fact it reads aloud is missing, or the text is too long.
    """
    is_page = template.stage == PAGE
    ready = _made_ready(template.body, is_page, frozenset(allowed))
    if isinstance(ready, Mistake):
        raise Refusal(f"The template {template.name} cannot be used: {ready.what}; {ready.mend}.")
    text = ready.render({name: _value(name, facts.get(name)) for name in ready.names})
    if len(text) > LONGEST_TEXT and not is_page:
        raise Refusal(f"The text of {template.name} has {len(text)} characters, at most {LONGEST_TEXT} can be posted.")
    return clip(Markup(text.strip()), LONGEST_TEXT)


@dataclass(frozen=True)
class _Ready:
    """What fills a body, and which facts it names."""

    render: Callable[..., str]
    names: frozenset[str]


@cache
def _made_ready(body: str, is_page: bool, allowed: frozenset[str]) -> Mistake | _Ready:
    """Return what fills a body, or what must not stand in it; made once for each body, because bodies are few."""
    mistake = next(_mistakes(body, allowed), None)
    if mistake:
        return mistake
    environment = _environment(_put_or_say_so if is_page else _put)
    tree = environment.parse(body)
    names = frozenset(found.name for found in tree.find_all(nodes.Name))
    return _Ready(environment.from_string(_escaped(tree)).render, names)


def _mistakes(body: str, allowed: Collection[str]) -> Iterator[Mistake]:
    if len(body) > LONGEST_BODY:
        yield Mistake(1, f"the text has {len(body)} characters", f"shorten it to at most {LONGEST_BODY}")
        return
    try:
        tree = _environment(_put).parse(body)
    except TemplateSyntaxError as error:
        yield Mistake(error.lineno, f"this cannot be read: {error.message}", _ONLY)
        return
    except RecursionError:
        yield Mistake(1, "this is nested too deep to be read", _ONLY)
        return
    yield from _found(tree, allowed, 0)


def _found(node: nodes.Node, allowed: Collection[str], depth: int) -> Iterator[Mistake]:
    if depth > DEEPEST:
        yield Mistake(node.lineno, "conditions stand too deep inside each other", "write two templates instead")
        return
    if not isinstance(node, _ALLOWED) or (isinstance(node, nodes.Name) and node.ctx != "load"):
        yield Mistake(node.lineno, f"a template may hold no {type(node).__name__.lower()}", _ONLY)
        return
    if isinstance(node, nodes.Name) and node.name not in allowed:
        known = node.name in FACTS or node.name in PAGE_FACTS
        what = f"“{node.name}” is {'not a fact for these readers' if known else 'no fact'}"
        yield Mistake(node.lineno, what, f"the facts here are {', '.join(sorted(allowed))}")
    for child in node.iter_child_nodes():
        yield from _found(child, allowed, depth + 1)


def _environment(finalize: Any) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, finalize=finalize, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.tests.clear()
    return environment


def _escaped(tree: nodes.Template) -> nodes.Template:
    """Escape a template's own words, too: an approved text can mention nobody by accident."""
    for words in tree.find_all(nodes.TemplateData):
        words.data = str(escape(words.data))
    return tree


def _value(name: str, fact: object) -> object:
    if isinstance(fact, Markup):
        return fact
    words = " ".join(str(escape(fact) if fact is not None else "").split())
    return Gap(name) if words in ("", UNKNOWN) else Markup(words)


def _put(value: object) -> Markup:
    if isinstance(value, Gap):
        raise Refusal(f"Backout does not know “{value.name}” yet, and this text needs it. Try again when it is known.")
    return escape(value)


def _put_or_say_so(value: object) -> Markup:
    return escape(UNKNOWN if isinstance(value, Gap) else value)
