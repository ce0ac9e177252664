"""What a template may hold, and that no fact can become anything but words."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.comms.models import CommsPolicy, Library, Template
from bot.comms.rules import FACTS, IN_HOUSE, LONGEST_TEXT, PAGE_FACTS, allowed_facts, fill, problems_in
from bot.comms.rules.wording import DEEPEST, LONGEST_BODY
from bot.foundation.blocks import Markup, mention
from bot.foundation.errors import Refusal
from tests.comms.desk import SHIPPED, template

TEMPLATES = SHIPPED[Library].templates
POLICY = SHIPPED[CommsPolicy]
HOSTILE = (
    "<!channel>",
    "<@U0MAYA0001>",
    "<https://evil.example|our status page>",
    "<!date^1^{date}^https://evil.example|x>",
    "{{ 7 * 7 }}",
    "{% for x in y %}",
    "{{ ''.__class__.__mro__ }}",
    "a\nNext update: never",
    "\u202etxt\u200b&amp;<",
)


def _allowed(each: Template) -> list[str]:
    return sorted(allowed_facts(each, POLICY.audiences.get(each.audience)))


# --- grammar ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "Only words, with 100 % certainty & no <links>.",
        "{{ incident }}: {{ users }}",
        "{% if good_version %}Version {{ good_version }}.{% elif version %}no{% else %}Nothing.{% endif %}",
        '{% if state == "closed" and not version %}Over.{% endif %}',
        "{# a note to ourselves #}Words.",
    ],
)
def test_words_facts_and_conditions_are_all_there_is(body: str) -> None:
    assert list(problems_in(template(body), FACTS)) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{{ nonsense }}", "“nonsense” is no fact"),
        ("{{ self }}", "“self” is no fact"),
        ("{{ incident.upper() }}", "a template may hold no call"),
        ("{{ incident.__class__ }}", "a template may hold no getattr"),
        ("{{ incident['__class__'] }}", "a template may hold no getitem"),
        ("{{ incident|upper }}", "a template may hold no filter"),
        ("{{ range(9) }}", "a template may hold no call"),
        ("{{ lipsum }}", "“lipsum” is no fact"),
        ("{{ cycler }}", "“cycler” is no fact"),
        ("{% for a in incident %}{{ a }}{% endfor %}", "a template may hold no for"),
        ("{% set a = 1 %}", "a template may hold no assign"),
        ("{% macro m() %}{% endmacro %}", "a template may hold no macro"),
        ("{% include 'x' %}", "a template may hold no include"),
        ("{% import 'x' as y %}", "a template may hold no import"),
        ("{% extends 'x' %}", "a template may hold no extends"),
        ("{% block b %}{% endblock %}", "a template may hold no block"),
        ("{% with a = 1 %}{% endwith %}", "a template may hold no with"),
        ("{% filter upper %}x{% endfilter %}", "a template may hold no filterblock"),
        ("{{ 'a' * 999999999 }}", "a template may hold no mul"),
        ("{{ 2 ** 999999 }}", "a template may hold no pow"),
        ("{{ 'a' ~ incident }}", "a template may hold no concat"),
        ("{{ [1, 2] }}", "a template may hold no list"),
        ("{{ incident if lead else version }}", "a template may hold no condexpr"),
        ("{% if incident is defined %}{% endif %}", "a template may hold no test"),
        ("{{ incident", "cannot be read"),
        ("{% if incident %}", "cannot be read"),
        ("{% nonsense %}", "cannot be read"),
        ("x" * (LONGEST_BODY + 1), f"the text has {LONGEST_BODY + 1} characters"),
        ("{% if lead %}" * DEEPEST + "{% endif %}" * DEEPEST, "too deep"),
        ("{{ " + "(" * 2000 + "lead" + ")" * 2000 + " }}", "too deep"),
    ],
)
def test_whatever_else_stands_in_a_template_is_a_mistake(body: str, words: str) -> None:
    """Threat T16: there is nothing to call, to loop over or to reach into."""
    found = [problem.what for problem in problems_in(template(body), FACTS)]
    assert any(words in what for what in found), found
    with pytest.raises(Refusal, match="cannot be used"):
        fill(template(body), FACTS, FACTS)


def test_a_mistake_is_named_with_its_line_in_the_file() -> None:
    each = template("\nOne.\n\n{{ nonsense }}\n", first_line=6)
    (problem,) = problems_in(each, FACTS)
    assert (problem.file, problem.line) == (Path("messages/customers/initial.md.j2"), 9)
    assert problem.mend.startswith("the facts here are containment, downstream")


def test_a_fact_that_is_not_for_these_readers_is_a_mistake() -> None:
    """R124, R179: what an audience may hear is decided beforehand, and checked."""
    (problem,) = problems_in(template("{{ summary }}"), ["incident"])
    assert problem.what == "“summary” is not a fact for these readers"


# --- filling ----------------------------------------------------------------------------------------------------------


def test_facts_are_put_where_they_are_named() -> None:
    text = fill(template("{{ incident }} & {% if lead %}{{ lead }}{% else %}nobody{% endif %}\n"), FACTS, FACTS)
    assert text == "INC-42 &amp; Hana Kobayashi"
    assert isinstance(text, Markup)


@pytest.mark.parametrize("missing", [{}, {"lead": ""}, {"lead": " \n "}, {"lead": "not known"}, {"lead": "\u200b"}])
def test_a_statement_never_goes_out_with_a_gap(missing: dict[str, str]) -> None:
    """R118: no unresolved placeholder leaves the house."""
    with pytest.raises(Refusal, match="does not know “lead” yet"):
        fill(template("Ask {{ lead }}."), missing, FACTS)
    assert fill(template("Ask{% if lead %} {{ lead }}{% endif %}."), missing, FACTS) == "Ask."


def test_a_page_goes_out_even_with_a_gap_and_even_when_too_long() -> None:
    """Nothing may silence a page."""
    page = template("Ask {{ lead }}. " + "word " * 900, name="page/tier-1", stage="page", audience="responders")
    text = fill(page, {}, [*FACTS, *PAGE_FACTS])
    assert text.startswith("Ask not known.")
    assert len(text) == LONGEST_TEXT


def test_a_statement_that_is_too_long_is_refused() -> None:
    with pytest.raises(Refusal, match="at most 2800 can be posted"):
        fill(template("{{ summary }}"), {"summary": "x" * 2_801}, FACTS)


def test_markup_of_ours_stays_and_everybody_elses_does_not() -> None:
    """Threat T15."""
    page = template("{{ people }} {{ summary }} <!here>", stage="page", audience="responders")
    text = fill(page, {"people": mention("U0MAYA0001"), "summary": "<@U0MAYA0001>"}, [*FACTS, *PAGE_FACTS])
    assert text == "<@U0MAYA0001> &lt;@U0MAYA0001&gt; &lt;!here&gt;"


def test_a_fact_stays_on_its_line() -> None:
    """A fact must not be able to write a line that looks like ours."""
    assert fill(template("{{ summary }}"), {"summary": "bad\n\nNext update:  never"}, FACTS) == "bad Next update: never"


def _filled_or_why_not(each: Template, facts: dict[str, str]) -> str:
    try:
        return fill(each, facts, _allowed(each))
    except Refusal as refusal:
        return refusal.message


HOSTILE_TEXT = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=60), st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join)
)


@pytest.mark.parametrize("name", sorted(TEMPLATES))
@settings(max_examples=25, deadline=None)
@given(facts=st.fixed_dictionaries(dict.fromkeys(FACTS, HOSTILE_TEXT)))
def test_no_fact_becomes_anything_active_in_any_shipped_template(name: str, facts: dict[str, str]) -> None:
    """Threats T15, T16: whatever an alert says, the text holds no mention, no link, and no line of its own."""
    each = TEMPLATES[name]
    ours = {"people": mention("U0MAYA0001")} if each.stage == "page" else {}
    text = _filled_or_why_not(each, {**facts, **ours})
    if not isinstance(text, Markup):
        assert "does not know" in text or "at most" in text
        return
    inert = text.replace("<@U0MAYA0001>", "", 1) if ours else text
    assert "<" not in inert
    assert ">" not in inert
    assert "49" not in inert or any("49" in fact for fact in facts.values())
    assert len(text) <= LONGEST_TEXT
    assert text.count("\n") <= each.body.count("\n")


# --- what is shipped --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_every_shipped_message_reads_well_with_everything_known(name: str) -> None:
    """R118, R121: they can be posted as they are."""
    text = fill(TEMPLATES[name], {**FACTS, **PAGE_FACTS}, _allowed(TEMPLATES[name]))
    assert "{" not in text
    assert "  " not in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize("name", sorted(name for name in TEMPLATES if name.startswith("customers/")))
def test_customers_hear_nothing_of_the_inside(name: str) -> None:
    """R122, R124: no version, metric or internal name, and nobody's name."""
    text = fill(TEMPLATES[name], FACTS, _allowed(TEMPLATES[name])).lower()
    for word in ("2026.11", "version", "model", "threshold", "rollback", "metric", "hana", "credit-scoring"):
        assert word not in text


@pytest.mark.parametrize("name", sorted(name for name in TEMPLATES if name.startswith("customers/initial")))
def test_first_news_for_customers_acknowledges_acts_and_says_when_there_is_more(name: str) -> None:
    """R123: acknowledge the concern, describe the corrective action, give a realistic time."""
    text = fill(TEMPLATES[name], FACTS, _allowed(TEMPLATES[name]))
    assert "we are sorry" in text
    assert "What we are doing:" in text
    assert "We will write again by 2026-11-21 16:00 UTC" in text


@pytest.mark.parametrize("name", sorted(name for name in TEMPLATES if "/initial" in name))
def test_first_news_names_no_cause(name: str) -> None:
    """R123, R125: nobody knows the cause yet."""
    each = TEMPLATES[name]
    text = fill(each, {**FACTS, "summary": "It is slow"}, _allowed(each)).lower()
    assert "because" not in text
    assert "due to" not in text
    if not name.startswith("internal/"):
        assert any("No cause" in line for line in each.guidance)


@pytest.mark.parametrize("name", sorted(name for name in TEMPLATES if name.startswith("page/")))
def test_a_page_says_what_is_asked_by_when_and_what_happens_otherwise(name: str) -> None:
    """R125, R163: readable under pressure."""
    text = fill(TEMPLATES[name], {**FACTS, **PAGE_FACTS}, _allowed(TEMPLATES[name]))
    for part in ("*What happened:*", "*What is asked of you:*", "*By when:* 2026-11-21 14:20", "*If you do nothing:*"):
        assert part in text
    last = fill(TEMPLATES[name], FACTS, _allowed(TEMPLATES[name]))
    assert "nobody is left to bring in" in last


@pytest.mark.parametrize("name", sorted(name for name in TEMPLATES if not name.startswith("page/")))
def test_every_statement_comes_with_guidance(name: str) -> None:
    """R124, R179: anonymity and risk disclosure are thought of each time, not remembered."""
    assert TEMPLATES[name].guidance


def test_the_guide_for_authors_lists_every_fact() -> None:
    guide = Path("messages/README.md").read_text()
    for fact, example in {**FACTS, **PAGE_FACTS}.items():
        assert f"| `{fact}` | {example}" in guide
    for fact in IN_HOUSE:
        assert f"`{fact}`" in guide
