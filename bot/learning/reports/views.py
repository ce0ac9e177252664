"""An incident's record as a document for people: Markdown with tables, in which no text can do anything. Pure.

Everything that people or machines wrote is escaped where it lands (CommonMark allows a backslash before any
punctuation); statements and values stand in fences longer than any run of backticks in them.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.foundation.blocks import clean

Json = Mapping[str, Any]
_ACTIVE = re.compile(r"([\\`*_\[\]|~#!@])")
_LINK = re.compile(r"(?i)(https?|ftp|mailto|xmpp)(:)")
_WWW = re.compile(r"(?i)\bwww\.")
NOTHING = "_None._"


def markdown(export: Json) -> str:
    """Return an export as Markdown: what happened, who decided, what was done, what was said, and the whole trail."""
    parts = [
        _head(export),
        _impact(export),
        _signals(export),
        _milestones(export),
        _people(export),
        _approvals(export),
        _plans(export),
        _statements(export),
        _policies(export),
        _trail(export),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_json(export: Json) -> str:
    """Return an export as JSON in plain ASCII, so that nothing in it can act on the terminal that shows it."""
    return json.dumps(export, indent=2)


def safe(value: Any) -> str:
    """Return a value as one line of text in which nothing is active: no markup, no table border, no tag, no link."""
    text = " ".join(clean("" if value is None else str(value)).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _ACTIVE.sub(r"\\\1", text)
    return _WWW.sub(r"www\\.", _LINK.sub(r"\1\\\2", text))


def fence(text: str, language: str = "text") -> str:
    """Return a text word for word, in a fence that it cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{_readable(text)}\n{ticks}"


def table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table, or a word that there is nothing to show."""
    lines = [f"| {' | '.join(safe(cell) or ' ' for cell in row)} |" for row in rows]
    if not lines:
        return NOTHING
    return "\n".join([f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}", *lines])


def _head(export: Json) -> str:
    incident, severity = export["incident"], export["severity"]
    path = " → ".join(f"{safe(step['question'])} {safe(step['answer'])}" for step in severity["path"])
    facts = [
        ("System", incident["system"]),
        ("Version", incident["version"]),
        ("State", incident["state"]),
        ("Severity", severity["now"]),
        ("Opened", _by(export, incident, "opened")),
        ("Acknowledged", _by(export, incident, "acknowledged")),
        ("Closed", _by(export, incident, "closed")),
        ("Why it was closed", incident["closing_reason"]),
        ("Containment", incident["containment"]),
    ]
    lines = [
        f"# {safe(incident['name'])}: {safe(incident['title'])}",
        f"As the record stood at {_when(export['exported_at'])}. Times are UTC.",
        table(["", ""], [fact for fact in facts if fact[1]]),
        f"**Why this severity:** {path} → {safe(severity['now'])}",
    ]
    return "\n\n".join(lines)


def _impact(export: Json) -> str:
    rows = [(key.replace("_", " "), _words(value)) for key, value in export["impact"].items()]
    return f"## Impact\n\n{table(['What', 'As it was when the incident was opened'], rows)}"


def _signals(export: Json) -> str:
    titles = ["Received", "Source", "Metric", "Value", "Summary", "Trigger", "State"]
    rows = [
        (
            _when(one["received_at"]),
            one["source"],
            one["metric"],
            one["value"],
            one["summary"],
            one["trigger"],
            one["state"],
        )
        for one in export["signals"]
    ]
    return f"## Signals\n\n{table(titles, rows)}"


def _milestones(export: Json) -> str:
    rows = [
        (
            _when(one["at"]),
            one["what"],
            one["about"],
            _span(one["seconds_since_previous"]),
            _span(one["seconds_since_opened"]),
        )
        for one in export["milestones"]
    ]
    titles = ["When", "What", "About", "After the one before", "After the opening"]
    return f"## Milestones\n\n{table(titles, rows)}"


def _people(export: Json) -> str:
    titles = ["When", "Who", "What", "Why", "Facts"]
    rows = [
        (_when(one["at"]), _actor(export, one), one["action"], one["why"], _words(one["facts"]))
        for one in export["escalation"]["events"]
    ]
    return f"## Acknowledgements, hand-overs and climbs\n\n{table(titles, rows)}"


def _approvals(export: Json) -> str:
    parts = [_request(export, request) for request in export["approvals"]]
    return "\n\n".join(["## Decisions", *(parts or [NOTHING])])


def _request(export: Json, request: Json) -> str:
    slots = [(slot["title"], _names(export, slot["people"]), _deputies(export, slot)) for slot in request["slots"]]
    about = [
        ("Asked by", f"{_name(export, request['requester'])}, {_when(request['asked_at'])}"),
        ("Why", request["reason"]),
        ("Severity", request["severity"]),
        ("State", f"{request['state']}, round {request['round']}"),
        ("Decided", _when(request["decided_at"])),
        ("Outcome", request.get("outcome", "")),
        ("Excluded", _names(export, request["excluded"])),
        ("Plan", request["plan_digest"]),
        ("Policy", request["policy"]),
    ]
    rounds = [_round(export, one) for one in request["rounds"]]
    title = f"### {safe(request['summary'])}"
    return "\n\n".join([title, table(["", ""], about), table(["Slot", "Holders", "Deputies"], slots), *rounds])


def _round(export: Json, one: Json) -> str:
    votes = [
        (
            _when(vote["at"]),
            _name(export, vote["person"]),
            _name(export, vote["on_behalf_of"]) if vote["on_behalf_of"] else "",
            vote["choice"],
            vote["reason"],
        )
        for vote in one["votes"]
    ]
    asked = [(_when(item["at"]), _name(export, item["person"]), item["text"]) for item in one["questions"]]
    lines = [f"Round {safe(one['round'])}:", table(["When", "Who", "As deputy for", "Said", "Why"], votes)]
    return "\n\n".join([*lines, *([table(["When", "Who", "Wanted to know"], asked)] if asked else [])])


def _plans(export: Json) -> str:
    parts = [_plan(export, plan) for plan in export["plans"]]
    return "\n\n".join(["## Plans and what came of them", *(parts or [NOTHING])])


def _plan(export: Json, plan: Json) -> str:
    title = f"### {safe(plan['system'])}: version {safe(plan['from_version'])} to version {safe(plan['to_version'])}"
    about = [
        ("Asked by", f"{_name(export, plan['requested_by'])}, {_when(plan['created_at'])}"),
        ("Why", plan["reason"]),
        ("Target", _words(plan["target"])),
        ("Digest", plan["digest"]),
    ]
    steps = [(step["number"], step["words"], step.get("undo", {}).get("words", "")) for step in plan["steps"]]
    executions = [_execution(one) for one in plan["executions"]] or ["It was not carried out."]
    return "\n\n".join([title, table(["", ""], about), table(["Step", "What", "Taken back by"], steps), *executions])


def _execution(execution: Json) -> str:
    ended = _when(execution["finished_at"]) or "not yet"
    head = f"Carried out: **{safe(execution['state'])}**. {safe(execution['detail'])}"
    times = f"Started {_when(execution['started_at'])}, ended {ended}."
    stages = [
        (stage["number"], stage["title"], stage["outcome"], _words(stage["observed"]), _when(stage["finished_at"]))
        for stage in execution["stages"]
    ]
    return "\n\n".join([head, times, table(["Stage", "What", "Outcome", "Observed", "Ended"], stages)])


def _statements(export: Json) -> str:
    parts = []
    for one in export["statements"]:
        head = f"### {_when(one['posted_at'])}: {safe(one['audience'])}, {safe(one['stage'])}"
        about = [
            ("Posted by", _name(export, one["posted_by"])),
            ("Channel", one["channel"]),
            ("Template", one["template"]),
            ("Approved version", one["template_digest"]),
        ]
        parts.append("\n\n".join([head, table(["", ""], about), fence(one["text"])]))
    return "\n\n".join(["## What was said, word for word", *(parts or [NOTHING])])


def _policies(export: Json) -> str:
    rows = [
        (one["kind"], one["digest"], _when(one["first_seen_at"]), one["recorded_in"] or "")
        for one in export["policies"]
    ]
    in_force = [
        (one["seq"], _when(one["at"]), one["by"], one["version"], ", ".join(one["changed"]))
        for one in export["configurations"]
    ]
    return "\n\n".join(
        [
            "## Policies it was decided under",
            table(["Policy", "Digest", "First seen", "Recorded in entry"], rows),
            "Configurations in force meanwhile:",
            table(["From entry", "When", "Started by", "Backout", "Changed"], in_force),
        ]
    )


def _trail(export: Json) -> str:
    entries = export["trail"]
    rows = [(one["seq"], _when(one["at"]), _actor(export, one), one["action"], one["why"]) for one in entries]
    facts = "\n".join(
        f"{one['seq']} {one['mac']} {json.dumps(one['facts'], ensure_ascii=False, sort_keys=True)}" for one in entries
    )
    words = "`backout verify` checks the whole trail. Number, MAC and facts of each entry:"
    lines = ["## Trail", table(["Entry", "When", "Who", "What", "Why"], rows)]
    return "\n\n".join([*lines, *([words, fence(facts)] if entries else [])])


def _by(export: Json, incident: Json, what: str) -> str:
    at, who = incident.get(f"{what}_at"), incident.get(f"{what}_by")
    return f"{_when(at)} by {_name(export, who)}" if at and who else ""


def _actor(export: Json, entry: Json) -> str:
    deputy_for = entry["on_behalf_of"]
    return f"{entry['name']}, for {_name(export, deputy_for)}" if deputy_for else str(entry["name"])


def _name(export: Json, user_id: str) -> str:
    return str(export["people"].get(user_id, user_id))


def _names(export: Json, user_ids: Iterable[str]) -> str:
    return ", ".join(_name(export, user_id) for user_id in user_ids)


def _deputies(export: Json, slot: Json) -> str:
    return ", ".join(f"{_name(export, one['id'])} for {_name(export, one['for'])}" for one in slot.get("deputies", []))


def _words(value: Any) -> str:
    """Return a value in words: lists and small objects flat, on one line."""
    if isinstance(value, Mapping):
        return "; ".join(f"{str(key).replace('_', ' ')}: {_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_words(inner) for inner in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)


def _when(moment: str | None) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M:%S}" if moment else ""


def _span(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _readable(text: str) -> str:
    return "\n".join(clean(line) for line in text.splitlines())
