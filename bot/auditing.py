"""The commands about the trail: check it, hand it out, erase, purge, and hold.

What changes the trail asks first, can be tried with `--dry-run`, and is itself recorded under the name of whoever is
logged in on this machine.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.console import (
    CONFIG,
    DATABASE,
    MESSAGES,
    AsJson,
    ConfigDirectory,
    DatabaseUrl,
    MessagesDirectory,
    fail,
    given_key,
    loaded,
    opened,
    operator,
)
from bot.foundation import anchoring, keeping, policies, trail
from bot.foundation.db import Store
from bot.foundation.trail.export import FileSource, write
from bot.foundation.work import Reading, Work
from bot.learning.reports import service as reports
from bot.learning.reports import views as report_views

Why = Annotated[str, typer.Option("--why", help="The reason; it is recorded and cannot be erased.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def verify(
    database: DatabaseUrl = DATABASE,
    exported: Annotated[
        Path | None, typer.Option("--trail", help="Check this exported file instead of a database.")
    ] = None,
    anchors: Annotated[
        Path | None, typer.Option("--anchors", help="Compare with the anchors in this file (or syslog excerpt).")
    ] = None,
    public: Annotated[
        str, typer.Option("--public", help="The trail's first public key, as you noted it; needs no secret.")
    ] = "",
    tsa_roots: Annotated[
        Path | None, typer.Option("--tsa-roots", help="Check timestamps on anchors with these root certificates (PEM).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the trail: every entry whole, none missing, none moved. Exit status 1 names the first that is not."""
    try:
        first, kept = bytes.fromhex(public) or None, anchoring.read_anchors(anchors) if anchors else []
        report = _check_file(exported, first, kept) if exported else _check_database(database, first, kept)
        moments = _stamped(report, kept, tsa_roots)
    except (ValueError, OSError) as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
        raise typer.Exit(1 if report.damage else 0)
    if report.damage:
        fail(f"The trail is damaged. {report.whole} entries before it are whole. {report.damage}")
    typer.echo("\n".join([*_found(report, pinned=bool(first or given_key() or not exported)), *moments]))


def export(
    incident: Annotated[str, typer.Argument(help="Which incident, for example INC-1.")] = "",
    whole_trail: Annotated[
        Path | None, typer.Option("--trail", help="Write the whole trail to this new file (JSONL) instead.")
    ] = None,
    as_json: AsJson = False,
    database: DatabaseUrl = DATABASE,
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
) -> None:
    """Print one incident's whole record: who did what, when and why, in Markdown or JSON. Or write the whole trail."""
    if bool(incident) == bool(whole_trail):
        raise typer.BadParameter("name either an incident (INC-1) or --trail FILE")
    if whole_trail:
        _export_trail(database, whole_trail)
        return
    with opened(database, loaded(config, messages)) as store:
        record = store.read_now(reports.export, incident)
    typer.echo(report_views.as_json(record) if as_json else report_views.markdown(record))


def erase(
    what: Annotated[str, typer.Argument(help="An incident (INC-1) or a person's Slack id (U0MAYA0001).")],
    why: Why,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    database: DatabaseUrl = DATABASE,
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
) -> None:
    """Erase the trail's words about an incident or a person: names, reasons, facts. That something happened stays."""
    with opened(database, loaded(config, messages)) as store:
        seqs = store.read_now(keeping.erasable, what)
        count = len(seqs)
        said = f"The words of {count} entries about {what}"
        if not dry_run:
            _ask(yes, f"{said} will be gone for good. Go on?")
            count = _do(store, keeping.erase, what, why)
    facts = {"about": what, "entries": count, "ranges": keeping.ranges(seqs), "done": not dry_run}
    rest = "Rows of incidents, votes and messages in Slack are not touched."
    _say(as_json, facts, f"{said} {'would be' if dry_run else 'are'} erased; {rest}")


def purge(
    before: Annotated[
        datetime, typer.Option("--before", formats=["%Y-%m-%d"], help="Only what was sealed before this day (UTC).")
    ],
    why: Why,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    database: DatabaseUrl = DATABASE,
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
) -> None:
    """Delete the trail's oldest entries, up to a checkpoint that is anchored. The checkpoints stay."""
    moment = before.replace(tzinfo=UTC)
    with opened(database, loaded(config, messages)) as store:
        prefix = store.read_now(_purgeable, moment)
        said = f"Entries {prefix.first} to {prefix.last} ({prefix.count}), up to checkpoint {prefix.number},"
        if not dry_run:
            _ask(yes, f"{said} will be gone for good. Export them first: backout export --trail FILE. Go on?")
            _do(store, _purge, moment, why)
    facts = {**asdict(prefix), "count": prefix.count, "done": not dry_run}
    _say(as_json, facts, f"{said} {'would be' if dry_run else 'are'} purged.")


def hold(
    subject: Annotated[str, typer.Argument(help="What is held, for example INC-1. None: list what is held.")] = "",
    why: Annotated[str, typer.Option("--why", help="The reason; it is recorded.")] = "",
    release: Annotated[bool, typer.Option("--release", help="End the hold.")] = False,
    as_json: AsJson = False,
    database: DatabaseUrl = DATABASE,
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
) -> None:
    """Forbid to erase or purge anything about an incident (legal hold), end that, or list what is held."""
    if subject and not why:
        raise typer.BadParameter("say why: --why 'case 4711'")
    with opened(database, loaded(config, messages)) as store:
        if not subject:
            held = store.read_now(keeping.holds)
            lines = [f"{one.subject}: since {one.since.date()}, by {one.by}: {one.why}" for one in held]
            rows = [one.model_dump(mode="json") for one in held]
            _say(as_json, {"holds": rows}, "\n".join(lines) or "Nothing is on hold.")
            return
        _do(store, keeping.release if release else keeping.hold, subject, why)
    words = "is released" if release else "is on hold: nothing about it can be erased or purged"
    _say(as_json, {"subject": subject, "held": not release}, f"{subject} {words}.")


COMMANDS: tuple[Callable[..., None], ...] = (verify, export, erase, purge, hold)


def _check_database(database: str, first: bytes | None, anchors: list[trail.Anchor]) -> trail.Report:
    with opened(database) as store:
        keys = None if first else store.trail_key
        return store.read_now(_checked, keys, first, anchors)


def _checked(
    reading: Reading, keys: trail.Keyring | None, first: bytes | None, anchors: list[trail.Anchor]
) -> trail.Report:
    report = trail.check(trail.DatabaseSource(reading.session), keys, first_public=first, anchors=anchors)
    for digest in policies.changed_bodies(reading):
        report.damage = report.damage or trail.Damage(0, "policy", f"the policy kept as {digest} is not the pinned one")
    return report


def _stamped(report: trail.Report, kept: Sequence[trail.Anchor], roots: Path | None) -> list[str]:
    """Check the timestamps on anchors, and say what came of it; damage goes into the report."""
    count = sum(anchor.timestamp is not None for anchor in kept)
    if roots is None:
        return [f"{count} timestamps were not checked: give --tsa-roots FILE."] if count else []
    if report.damage:
        return []
    try:
        moments = anchoring.stamped(kept, roots)
    except trail.DamageError as error:
        report.damage = error.damage
        return []
    if not moments:
        raise ValueError("There are no timestamps to check: give the file that holds them as --anchors FILE.")
    return [f"All {count} timestamps fit, from {moments[0]:%Y-%m-%d %H:%M:%S} to {moments[-1]:%Y-%m-%d %H:%M:%S} UTC."]


def _check_file(path: Path, first: bytes | None, anchors: list[trail.Anchor]) -> trail.Report:
    given = None if first else given_key()
    keys = trail.Keyring(given.get_secret_value().encode()) if given else None
    return trail.check(FileSource(path), keys, first_public=first, anchors=anchors)


def _found(report: trail.Report, *, pinned: bool) -> list[str]:
    lines = [f"The trail is whole: {report.whole} entries."]
    if report.erased:
        lines.append(f"The words of {report.erased} of them are erased, as recorded.")
    if report.purged:
        lines.append(f"Entries up to {report.purged} are purged, as recorded.")
    if report.anchors:
        lines.append(f"All {report.anchors} anchors fit.")
    if report.open:
        lines.append(f"{report.open} of them are under no checkpoint yet: only the key can check those.")
    lines += _policies(report)
    if report.public:
        whose = "" if pinned else " (its own word: compare it with the one you noted)"
        lines.append(f"Sealed up to entry {report.sealed}. First public key: {report.public}{whose}")
    return lines


def _policies(report: trail.Report) -> list[str]:
    lines = []
    if report.policies:
        newest = report.policies[-1]
        lines.append(
            f"Configurations recorded: {len(report.policies)}, the newest in entry {newest.seq} of {newest.at}, with "
            f"Backout {newest.version}. --json lists the digests of their files."
        )
    if report.unrecorded:
        lines.append(f"{report.unrecorded} entries name a policy that no entry before them records.")
    return lines


def _export_trail(database: str, path: Path) -> None:
    with opened(database) as store, path.open("x", encoding="ascii") as file:
        path.chmod(0o600)
        count = store.read_now(lambda reading: write(trail.DatabaseSource(reading.session), file))
    typer.echo(f"{count} entries are in {path}. Check it: backout verify --trail {path}")


def _purgeable(reading: Reading, before: datetime) -> keeping.Prefix:
    return keeping.purgeable(reading, before, anchoring.anchored(reading))


def _purge(work: Work, before: datetime, why: str) -> int:
    return keeping.purge(work, _purgeable(work, before), why)


def _do(store: Store, verb: Callable[..., Any], *arguments: Any) -> Any:
    """Run a verb as whoever is logged in, then seal what was recorded: it is to leave the database at once."""
    actor = operator()
    answer = store.submit_now(actor, verb, *arguments)
    store.submit_now(actor, anchoring.seal_and_anchor)
    return answer


def _ask(yes: bool, question: str) -> None:
    if not yes:
        typer.confirm(question, abort=True)


def _say(as_json: bool, facts: dict[str, Any], words: str) -> None:
    typer.echo(json.dumps(facts, indent=2) if as_json else words)
