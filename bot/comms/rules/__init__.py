"""Which words may go out, with which facts in them, and what is wrong with a template. Pure."""

from bot.comms.rules.approval import (
    Preview,
    Telling,
    allowed_facts,
    approval_words,
    choose,
    place,
    suggested_stage,
    warnings,
    why_not_approved,
    why_not_entitled,
)
from bot.comms.rules.checking import checks
from bot.comms.rules.fallback import checks as fallback_checks
from bot.comms.rules.fallback import named, readable, unreachable
from bot.comms.rules.gathering import gathered
from bot.comms.rules.wording import FACTS, IN_HOUSE, LONGEST_TEXT, PAGE, PAGE_FACTS, RESPONDERS, fill, problems_in

__all__ = [
    "FACTS",
    "IN_HOUSE",
    "LONGEST_TEXT",
    "PAGE",
    "PAGE_FACTS",
    "RESPONDERS",
    "Preview",
    "Telling",
    "allowed_facts",
    "approval_words",
    "checks",
    "choose",
    "fallback_checks",
    "fill",
    "gathered",
    "named",
    "place",
    "problems_in",
    "readable",
    "suggested_stage",
    "unreachable",
    "warnings",
    "why_not_approved",
    "why_not_entitled",
]
