"""Hostile texts on every surface (`python -m benchmarks.hostile_texts [--texts N] [--seed S]`): figure F9.

Gestures and alerts are played once, and every view is remembered with what it was given. Then hostile texts are put in
the place of every word that comes from outside, and what is shown is searched for mentions, links, tags and control
characters of theirs; both validators of Block Kit must take it. Every text meets every surface: cards and messages,
modals, App Home, threads (each with its fallback text), the workspace's page, the report in Markdown, the export in
JSON, log lines, and e-mail with its subject. The views of a surface take turns: a text meets each surface, not each
view. There is no export as CSV.
"""

import argparse
import asyncio
import copy
import dataclasses
import email.policy
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from slack_sdk.models.views import View
from sqlmodel import SQLModel

from benchmarks.report import Figure, report
from bot.approvals import views as approvals_views
from bot.comms import views as comms_views
from bot.comms.models import SmtpSettings, Template
from bot.comms.routes.contract import Addressee, Batch, Letter
from bot.comms.routes.file import line
from bot.comms.routes.smtp import SmtpRoute
from bot.comms.rules.fallback import readable
from bot.comms.rules.wording import IN_HOUSE, PAGE, fill
from bot.foundation.blocks import Message, Section, escape, mrkdwn, section
from bot.foundation.logs import JsonLines
from bot.learning.reports import views as report_views
from bot.workspace.page.render.blocks import Surface, render_blocks
from bot.workspace.page.render.viewer import Viewer
from tests.support import hostile
from tests.support.clock import MORNING
from tests.support.remembering import Call, Remembered, remember

TEXTS = 100_000
PROCESSES = 2
AT_ONCE = 2_000
FROM_OUTSIDE = {
    "actor_name", "alertname", "approval", "approvers", "body", "by", "closed_by", "closing_reason", "description",
    "detail", "excerpt", "from_version", "lead", "metric", "names", "new", "note", "old", "otherwise", "owners",
    "people", "plan_summary", "question", "quoted", "reason", "said", "shown", "source", "summary", "system_title",
    "text", "title", "to_version", "typed", "version", "what", "why", "words",
}  # fmt: skip
"""The names under which words from outside reach a view."""
NAMED = {"names", "people"}
"""Names by Slack id: every value is one."""
SHORT, LONG = 120, 3_000
SHORTENED = {"version", "from_version", "to_version", "metric"}
"""What the doors and Slack's own fields cut to so many characters (`SHORT`); everything else is cut to `LONG`."""
VIEWER = Viewer("U0LEO00001", ZoneInfo("UTC"), MORNING)
MAIL = SmtpRoute(SmtpSettings(kind="smtp", name="mail", host="mail.example", sender="backout@mail.example"), "")
MAIL_HEADERS = {
    "From", "To", "Subject", "Message-ID", "Auto-Submitted",
    "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
}  # fmt: skip
WRONG = ("active", "control character", "rejected", "failed")
HOME = {"home", "welcome", "on_duty", "closed_door"}
"""Views whose sections stand in App Home."""
WORD_FOR_WORD = {"comms.message", "approvals.ask"}
"""Views of words that were made safe when they were made: statements show them."""
AT = MORNING.isoformat()


@dataclass
class Found:
    """How many texts were shown where, and what was wrong."""

    shown: Counter[str] = field(default_factory=Counter)
    by_view: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    places: dict[str, str] = field(default_factory=dict)
    never_asked: list[str] = field(default_factory=list)

    def note(self, place: str, problems: Iterator[str]) -> None:
        """Count problems; keep one of each kind and place, to be looked at. A view that fails shows nothing at all."""
        try:
            for problem in problems:
                kind = problem.partition(":")[0]
                self.wrong[kind] += 1
                self.places.setdefault(f"{place} {kind}", problem)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect
            self.wrong["failed"] += 1
            self.places.setdefault(f"{place} failed", repr(error))


def main(arguments: list[str] | None = None) -> int:
    """Show them all and report; exit status 1 when anything of theirs is active anywhere."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--texts", type=int, default=TEXTS)
    given.add_argument("--seed", type=int, default=7)
    options = given.parse_args(arguments)
    share = options.texts // PROCESSES
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        found = list(pool.map(_run, [(options.seed + number, share) for number in range(PROCESSES)]))
    for place, problem in {place: problem for one in found for place, problem in one.places.items()}.items():
        print(place, problem, file=sys.stderr)
    return report("hostile_texts", figures(share * PROCESSES, found), seed=options.seed)


def figures(texts: int, found: Sequence[Found]) -> list[Figure]:
    """Return what was shown where, and what of it was not as it should be."""
    shown, by_view, wrong = (
        sum((getattr(one, name) for one in found), Counter[str]()) for name in ("shown", "by_view", "wrong")
    )
    return [
        Figure("texts", texts),
        Figure("surfaces that every text met", sum(count >= texts for count in shown.values()), at_least=len(SURFACES)),
        Figure("views", len(by_view)),
        Figure("views never asked", len(found[0].never_asked), at_most=0),
        Figure("fewest texts in a view", min(by_view.values())),
        Figure("texts shown", shown.total()),
        *(Figure(name, wrong[name], at_most=0) for name in WRONG),
    ]


def _run(given: tuple[int, int]) -> Found:
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(attack(Path(directory), *given))


async def attack(directory: Path, seed: int, count: int, by_chance: int = 150) -> Found:
    """Show so many texts on every surface; the views come from a play with so many gestures by chance in it."""
    random, found = Random(seed), Found()
    remembered = await remember(directory, random, by_chance)
    found.never_asked = remembered.never_asked
    turns = {name: cycle(make(remembered)) for name, make in SURFACES.items()}
    for start in range(0, count, AT_ONCE):
        texts = [hostile.hostile(random) for _ in range(min(AT_ONCE, count - start))]
        for surface, showings in turns.items():
            feed = Feed(texts)
            while feed.left:
                _show(surface, *next(showings), feed, found)
    return found


def _show(surface: str, view: str, show: "Show", feed: "Feed", found: Found) -> None:
    before = feed.left
    found.note(f"{surface}, {view}", show(feed))
    found.shown[surface] += before - feed.left
    found.by_view[view] += before - feed.left


class Feed:
    """Hands texts out, each once."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts, self.left = texts, len(texts)

    def next(self, limit: int = LONG) -> str:
        """Return the next text, cut as the doors cut what comes in; an ordinary word after the last one."""
        if not self.left:
            return "nothing"
        self.left -= 1
        return self._texts[self.left][:limit]

    def planted(self, name: str, value: Any) -> Any:
        """Return a value with texts in the place of words from outside; markup that was made already stays."""
        if isinstance(value, str):
            is_ours = name not in FROM_OUTSIDE or type(value) is not str
            return value if is_ours else self.next(SHORT if name in SHORTENED else LONG)
        if isinstance(value, Mapping):
            return {key: self.planted(name if name in NAMED else str(key), one) for key, one in value.items()}
        if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
            return type(value)(self.planted(name, one) for one in value)
        if isinstance(value, SQLModel):
            return type(value).model_construct(
                **{key: self.planted(key, one) for key, one in value.model_dump().items()}
            )
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {one.name: getattr(value, one.name) for one in dataclasses.fields(value) if one.init}
            return dataclasses.replace(value, **{key: self.planted(key, one) for key, one in fields.items()})
        return value


Show = Callable[[Feed], Iterator[str]]
Showings = list[tuple[str, Show]]


def _in_slack(call: Call) -> Show:
    """Show texts in a view as Slack gets it."""

    def show(feed: Feed) -> Iterator[str]:
        yield from hostile.in_slack(_asked(call, feed))

    return show


def _asked(call: Call, feed: Feed) -> Any:
    """Return what a view shows of these texts; a view that makes a line is shown as a message of one line."""
    given = copy.copy(call.given)
    given.arguments = {name: feed.planted(name, value) for name, value in call.given.arguments.items()}
    shown = call.function(*given.args, **given.kwargs)
    return shown if isinstance(shown, View | Message | Section) else Message(shown or "", [section(shown or " ")])


def _views(is_of: Callable[[str, Any], bool]) -> Callable[[Remembered], Showings]:
    """Choose the views of a surface by name and by what they return; their texts are shown as Slack gets them."""

    def chosen(remembered: Remembered) -> Showings:
        return [(name, _in_slack(call)) for name, call in _richest(remembered) if is_of(name, call.shown)]

    return chosen


def _richest(remembered: Remembered) -> Iterator[tuple[str, Call]]:
    """Of each view the call into which the most words come from outside, if any do."""
    for name, calls in remembered.calls.items():
        call = max(calls, key=_words_from_outside)
        if _words_from_outside(call) and name not in WORD_FOR_WORD:
            yield name, call


def _words_from_outside(call: Call) -> int:
    feed = Feed(["x"] * 1_000)
    for name, value in call.given.arguments.items():
        feed.planted(name, value)
    return 1_000 - feed.left


def _is_home(name: str, shown: Any) -> bool:
    return name.rpartition(".")[2] in HOME or (isinstance(shown, View) and shown.type == "home")


def _statements(_: Remembered) -> Showings:
    """What is posted word for word: an approved template with texts as its facts, in a page and as it asks."""
    body = "{{ summary }} {{ lead }}{% if owner %} ({{ owner }}){% endif %}"
    template = Template(
        name="page", title="Page", audience="responders", stage=PAGE, body=body, file=Path("page"), digest=""
    )

    def show(feed: Feed) -> Iterator[str]:
        text = fill(template, {name: feed.next(800) for name in IN_HOUSE}, IN_HOUSE)
        for shown in (comms_views.message(text), approvals_views.ask(text)):
            yield from hostile.in_slack(shown)

    return [("comms.message", show)]


def _page(remembered: Remembered) -> Showings:
    """The workspace's web page of every view that has blocks."""

    def on_page(call: Call) -> Show:
        def show(feed: Feed) -> Iterator[str]:
            shown, _refused = hostile.rendered(_asked(call, feed))
            blocks = shown["blocks"] if isinstance(shown, dict) else shown
            yield from hostile.in_html(str(render_blocks(blocks, Surface("page", VIEWER))))

        return show

    return [(f"page of {name}", on_page(call)) for name, call in _richest(remembered)]


def _report(remembered: Remembered) -> Showings:
    """The report of an incident as a document, and as JSON in a terminal."""

    def as_markdown(feed: Feed) -> Iterator[str]:
        yield from hostile.in_markdown(report_views.markdown(feed.planted("", remembered.export)))

    return [("report", as_markdown)]


def _json(remembered: Remembered) -> Showings:
    def as_json(feed: Feed) -> Iterator[str]:
        yield from hostile.in_text(report_views.as_json(feed.planted("", remembered.export)), is_plain=True)

    return [("export as JSON", as_json)]


def _log(_: Remembered) -> Showings:
    formatter = JsonLines([])

    def show(feed: Feed) -> Iterator[str]:
        record = logging.LogRecord("bot.x", logging.INFO, "x.py", 1, "said: %s", (feed.next(),), None)
        yield from hostile.in_log(formatter.format(record))

    return [("log", show)]


def _mail(_: Remembered) -> Showings:
    def show(feed: Feed) -> Iterator[str]:
        text = feed.next()
        person = Addressee("U1", "Tomás Ferreira", "tomas@mail.example")
        letter = Letter("1", AT, text, [person], readable(mrkdwn("*{what}*: {text}", what="INC-1", text=text), {}))
        raw = MAIL.message(Batch("1", AT, [letter]), person, [letter]).as_bytes(policy=email.policy.SMTP)
        yield from hostile.in_mail(raw, MAIL_HEADERS)

    return [("mail", show)]


def _file(_: Remembered) -> Showings:
    def show(feed: Feed) -> Iterator[str]:
        text = feed.next()
        letter = Letter("1", AT, "INC-1", [Addressee("U1", "Tomás Ferreira")], readable(escape(text), {}))
        yield from hostile.in_line(line(letter).decode())

    return [("file", show)]


SURFACES: Mapping[str, Callable[[Remembered], Showings]] = {
    "cards": _views(lambda name, shown: isinstance(shown, Section) and not _is_home(name, shown)),
    "messages": _views(lambda _name, shown: isinstance(shown, Message)),
    "modals": _views(lambda name, shown: isinstance(shown, View) and not _is_home(name, shown)),
    "App Home": _views(_is_home),
    "threads": _views(lambda _name, shown: isinstance(shown, str)),
    "statements": _statements,
    "page": _page,
    "report": _report,
    "JSON": _json,
    "log": _log,
    "mail": _mail,
    "file": _file,
}


if __name__ == "__main__":
    sys.exit(main())
