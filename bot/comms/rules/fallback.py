"""What goes out by a fallback route, to whom, and what is wrong with `config/fallback.yaml`. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from bot.comms.models import FallbackPolicy, FileSettings, SmtpSettings
from bot.foundation.blocks import Markup, clean, plain
from bot.foundation.config import Config
from bot.foundation.errors import Problem
from bot.people import rules as people
from bot.people.models import Directory

LONGEST_TEXT = 4_000
LONGEST_LINE = 200
MOST_NAMES = 10
_DATE = re.compile(r"<!date\^[^>|]*\|([^>]*)>")
_PERSON = re.compile(r"<@([UW][A-Z0-9]+)>")
_LINK = re.compile(r"<[^>|]*\|([^>]*)>")
_REST = re.compile(r"<([^>]*)>")


def readable(text: Markup, names: Mapping[str, str]) -> str:
    """Return a message's text as plain text: names for mentions, times in UTC, nothing that acts."""
    shown = _DATE.sub(r"\1", text)
    shown = _PERSON.sub(lambda found: names.get(found[1], found[1]), shown)
    shown = _REST.sub(r"\1", _LINK.sub(r"\1", shown))
    return plain(Markup(shown), LONGEST_TEXT)


def named(incidents: Sequence[str]) -> str:
    """Name incidents, each once; the rest is counted."""
    names = list(dict.fromkeys(incidents))
    shown, rest = ", ".join(names[:MOST_NAMES]), len(names) - MOST_NAMES
    return f"{shown} and {rest} more" if rest > 0 else " and ".join(shown.rsplit(", ", 1))


def one_line(text: str) -> str:
    """Return a text that fits into a header: one line, no control characters, nothing that begins an encoded word."""
    return " ".join(clean(text).replace("=?", "= ?").split())[:LONGEST_LINE]


def body(since: str, letters: Sequence[tuple[str, str]]) -> str:
    """Return what an e-mail says: why it comes, then each message with its time.

    Args:
        since: Since when Slack has taken nothing, ISO 8601.
        letters: When each was made (ISO 8601), and its text.
    """
    head = (
        f"Slack has taken no messages from Backout since {_shown(since)}, so you get this by e-mail.\n"
        "Nothing can be decided by answering it: decisions are made in Slack only, and everything stands there as soon "
        "as Slack is back. Deadlines go on. Please reach each other in another way meanwhile."
    )
    return "\n\n".join([head, *(f"--- {_shown(at)} ---\n{text}" for at, text in letters)]) + "\n"


def checks(config: Config) -> Iterator[Problem]:
    """Find what the model of `config/fallback.yaml` cannot: times that make no sense, people who are not there."""
    policy, document, directory = config[FallbackPolicy], config.document(FallbackPolicy), config[Directory]
    for name in ("summary_after", "after"):
        if getattr(policy, name) <= timedelta():
            yield document.problem((name,), f"{name} leaves no time", "give a duration such as PT10M")
    seen = set[str]()
    for place, route in enumerate(policy.routes):
        if route.name in seen:
            yield document.problem(("routes", place, "name"), f"a second route is called “{route.name}”", "rename one")
        seen.add(route.name)
        if isinstance(route, FileSettings):
            continue
        for key in (key for key in route.people if key not in directory.people):
            what = f"“{key}” is not one of the people"
            yield document.problem(("routes", place, "people"), what, "name somebody of people.yaml")
        for role in (role for role in route.roles if role not in directory.roles):
            what = f"“{role}” is not a role of people.yaml"
            yield document.problem(("routes", place, "roles"), what, "name a role that is there")
        if route.user and route.security == "none":
            what = "the password would cross the network in the clear"
            yield document.problem(("routes", place, "security"), what, "use starttls or tls, or no user")


def unreachable(config: Config, _today: date) -> Iterator[Problem]:
    """Name everybody who holds a role or stands in for somebody and has no e-mail address, if a route needs one."""
    policy, directory = config[FallbackPolicy], config[Directory]
    if not any(isinstance(route, SmtpSettings) for route in policy.routes):
        return
    for key, person in directory.people.items():
        is_asked = people.holdings(directory, key) or people.stood_in_for(directory, key)
        if is_asked and not person.email:
            what = f"{key} has no e-mail address, so nobody reaches them while Slack is away"
            yield config.document(Directory).problem(("people", key), what, "add email: …")


def _shown(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC"
