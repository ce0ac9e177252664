"""The commands about who may decide: `backout who`, `raci` and `simulate`. They need no database."""

import json
import re
from typing import Annotated

import typer

from bot.approvals import rules
from bot.approvals.models import Choice, Matrix
from bot.console import CONFIG, MESSAGES, AsJson, ConfigDirectory, MessagesDirectory, fail, loaded, now
from bot.foundation.config import Config
from bot.foundation.errors import Refusal
from bot.incidents.models import Systems
from bot.people import rules as people
from bot.people.models import Directory

TheSystem = Annotated[str, typer.Option(help="The system, as alerts call it.")]
TheSeverity = Annotated[str, typer.Option(help="low, medium or high.")]
TheActivity = Annotated[str, typer.Option(help="What is to be decided: a row of raci.yaml.")]


def who(
    system: TheSystem,
    severity: TheSeverity,
    activity: TheActivity = "approve_rollback",
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
    as_json: AsJson = False,
) -> None:
    """Say who may decide, in which slot, as whose deputy, and why not everybody else."""
    configuration = loaded(config, messages)
    situation = _situation(configuration, system, severity)
    try:
        rows = rules.explain(configuration[Matrix], configuration[Directory], system, situation, activity, now())
    except (KeyError, Refusal) as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False))
    else:
        for row in rows:
            typer.echo(str(row))


def raci(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print it as Markdown (the only form so far).")] = True,
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
) -> None:
    """Print the matrix as tables for people: who does what, who may say yes, and by when."""
    configuration = loaded(config, messages)
    if markdown:
        typer.echo(rules.markdown(configuration[Matrix], configuration[Directory]), nl=False)


def simulate(
    system: TheSystem,
    severity: TheSeverity,
    answers: Annotated[
        list[str],
        typer.Option(
            "--as",
            help="Somebody (Slack id or name in people.yaml) who answers: U… approves at once, U…=reject says no, "
            "U…=abstain@12 abstains 12 minutes later. May be given several times.",
        ),
    ],
    requester: Annotated[str | None, typer.Option("--by", help="Who asks; left out: nobody who could decide.")] = None,
    activity: TheActivity = "approve_rollback",
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
    as_json: AsJson = False,
) -> None:
    """Play answers against the policy and print what would come of it. Nothing is asked, changed or recorded."""
    configuration = loaded(config, messages)
    directory, matrix = configuration[Directory], configuration[Matrix]
    situation = _situation(configuration, system, severity)
    ballots = [_ballot(directory, written) for written in answers]
    asker = _person(directory, requester) if requester else None
    try:
        cell = rules.cell(matrix, activity, situation)
    except Refusal as error:
        fail(str(error))
    otherwise = matrix.activities[activity].otherwise
    outcome = rules.play(cell, directory, system, asker, ballots, now(), otherwise)
    typer.echo(_json(outcome) if as_json else "\n".join([*map(str, outcome.played), outcome.says]))


COMMANDS = (who, raci, simulate)


def _situation(configuration: Config, system: str, severity: str) -> rules.Situation:
    known = configuration[Systems].systems.get(system)
    if known is None:
        fail(f"There is no system {system}. Known: {', '.join(sorted(configuration[Systems].systems))}")
    return rules.Situation(severity, known.tags, known.share_of_users)


def _ballot(directory: Directory, written: str) -> rules.Ballot:
    found = re.fullmatch(r"([^=@]+)(?:=(approve|reject|abstain))?(?:@(\d{1,6}))?", written)
    if found is None:
        fail(f"I do not understand --as {written}. Write U0TOMAS004, tomas=reject or tomas=abstain@12 (minutes).")
    return rules.Ballot(_person(directory, found[1]), Choice(found[2] or "approve"), int(found[3] or 0))


def _person(directory: Directory, written: str) -> str:
    """Return a Slack id; whoever is not in the directory stays who they are, and is refused in the simulation."""
    if written in directory.people:
        return directory.people[written].slack
    if people.person_by_slack(directory, written) is None and not written.startswith(("U", "W")):
        fail(f"There is no {written} in people.yaml. Known: {', '.join(directory.people)}")
    return written


def _json(outcome: rules.Outcome) -> str:
    played = [{"minutes": one.minutes, "counts": one.counts, "says": one.says} for one in outcome.played]
    return json.dumps({"state": outcome.state, "says": outcome.says, "played": played}, indent=2, ensure_ascii=False)
