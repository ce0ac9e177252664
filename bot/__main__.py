"""The command line: `backout --help`.

Exit status: 0 done, 1 refused or something is wrong (said on standard error), 2 used wrongly.
"""

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvloop
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from bot import app as wiring
from bot import demo as demonstration
from bot.approvals import rules as approvals_rules
from bot.approvals.models import Matrix
from bot.foundation import logs, trail
from bot.foundation.clock import SystemClock
from bot.foundation.config import Config
from bot.foundation.db import Store, open_store
from bot.foundation.environment import Environment, SettingError, trail_key
from bot.foundation.errors import BackoutError, ConfigError, Refusal
from bot.foundation.ids import RandomIds
from bot.foundation.migrations import SchemaError, migrate, require_newest
from bot.foundation.process import Process, alone_with, open_process_store
from bot.foundation.slack_port import SlackClient
from bot.foundation.work import Reading
from bot.incidents.models import Systems
from bot.learning.reports import service as reports
from bot.learning.reports import views as report_views
from bot.people.models import Directory
from bot.rollback.targets import default_targets

cli = typer.Typer(
    help="Decide, carry out, prove and record rollbacks of AI systems, from Slack. Start with: backout demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
ConfigDirectory = Annotated[
    Path, typer.Option("--config", envvar="BACKOUT_CONFIG", help="Directory with the YAML files.")
]
MessagesDirectory = Annotated[
    Path, typer.Option("--messages", envvar="BACKOUT_MESSAGES", help="Directory with the message templates.")
]
DatabaseUrl = Annotated[
    str, typer.Option("--database", envvar="DATABASE_URL", help="sqlite:///backout.db or postgresql://…")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
CONFIG, MESSAGES, DATABASE = Path("config"), Path("messages"), "sqlite:///backout.db"


@cli.command()
def serve() -> None:
    """Run everything in one process: the usual way, with SQLite."""
    _run(web=True, worker=True)


@cli.command()
def web() -> None:
    """Run only the doors for Slack and alerts (needs PostgreSQL, and `backout worker` beside it)."""
    _run(web=True, worker=False)


@cli.command()
def worker() -> None:
    """Run only what time brings: messages, deadlines, rollbacks (needs PostgreSQL)."""
    _run(web=False, worker=True)


@cli.command()
def demo(
    port: Annotated[int, typer.Option(help="Where the workspace's page is served.")] = 3100,
    bot_port: Annotated[int, typer.Option(help="Where Backout takes alerts.")] = 3000,
    directory: Annotated[Path, typer.Option(help="Where the demo keeps its database and flag file.")] = Path(
        "var/demo"
    ),
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the last demo instead of starting afresh.")] = False,
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
) -> None:
    """Play an incident in the browser: a Slack in a box, four model servers, and Backout, on this machine alone."""
    logs.set_up([], logging.WARNING)
    loaded = _loaded(config, messages)
    places = demonstration.Places(port, bot_port, directory, config, messages, keep=keep)
    try:
        asyncio.run(demonstration.play(loaded, places, typer.echo))
    except (OSError, BackoutError) as error:
        _fail(f"The demo cannot start: {error}")


@cli.command()
def check(config: ConfigDirectory = CONFIG, messages: MessagesDirectory = MESSAGES) -> None:
    """Check config/ and messages/: every mistake as `file:line: what; how to mend`."""
    loaded = _loaded(config, messages)
    warnings = [str(problem) for warn in wiring.WARNINGS for problem in warn(loaded, SystemClock().now().date())]
    for warning in warnings:
        typer.echo(f"warning: {warning}")
    typer.echo(f"{config} and {messages} are in order{f', {len(warnings)} warnings' if warnings else ''}.")


@cli.command()
def who(
    system: Annotated[str, typer.Option(help="The system, as alerts call it.")],
    severity: Annotated[str, typer.Option(help="low, medium or high.")],
    activity: Annotated[str, typer.Option(help="What is to be decided.")] = "approve_rollback",
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
    as_json: AsJson = False,
) -> None:
    """Say who may decide, in which slot, as whose deputy, and why not everybody else."""
    loaded = _loaded(config, messages)
    known = loaded[Systems].systems.get(system)
    if known is None:
        _fail(f"There is no system {system}. Known: {', '.join(sorted(loaded[Systems].systems))}")
    try:
        rows = approvals_rules.explain(
            loaded[Matrix], loaded[Directory], system, known.tags, severity, activity, SystemClock().now()
        )
    except (KeyError, Refusal) as error:
        _fail(str(error))
    if as_json:
        typer.echo(json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False))
    else:
        for row in rows:
            typer.echo(str(row))


@cli.command()
def verify(database: DatabaseUrl = DATABASE) -> None:
    """Check the trail: every entry whole, none missing, none moved. Exit status 1 names the first that is not."""
    store = _open(database, CONFIG, MESSAGES, needs_config=False)
    key, _made = trail_key(database, _given_key())
    try:
        count, damage = store.read_now(lambda reading: trail.verify(reading.session, key))
    finally:
        store.close()
    if damage:
        _fail(f"The trail is damaged. {count} entries before it are whole. {damage}")
    typer.echo(f"The trail is whole: {count} entries.")


@cli.command()
def export(
    incident: Annotated[str, typer.Argument(help="Which incident, for example INC-1.")],
    as_json: AsJson = False,
    database: DatabaseUrl = DATABASE,
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
) -> None:
    """Print one incident's whole record: who did what, when and why, in Markdown or JSON."""
    store = _open(database, config, messages)
    try:
        record = store.read_now(_export, incident)
    except Refusal as refusal:
        _fail(refusal.message)
    finally:
        store.close()
    typer.echo(json.dumps(record, indent=2, ensure_ascii=False) if as_json else report_views.markdown(record))


@cli.command("migrate")
def migrate_command(database: DatabaseUrl = DATABASE) -> None:
    """Bring the database to the shape this version needs. Safe to run again."""
    try:
        before, after = migrate(database)
    except (SchemaError, ValueError, OSError) as error:
        _fail(str(error))
    except SQLAlchemyError as error:
        _fail(_about_database(error))
    typer.echo(f"The database was at {before or 'nothing'} and is at {after}.")


def _run(*, web: bool, worker: bool) -> None:
    environment = _environment()
    logs.set_up(_secrets(environment))
    config = _loaded(environment.config, environment.messages)
    try:
        if not (web and worker) and environment.database_url.startswith("sqlite"):
            raise SettingError("SQLite is for one process: run `backout serve`, or set DATABASE_URL to PostgreSQL.")
        with alone_with(environment.database_url):
            migrate(environment.database_url)
            store = open_process_store(environment, config, SystemClock(), RandomIds())
            slack = SlackClient(
                environment.slack_bot_token.get_secret_value(), environment.slack_api_url, SystemClock()
            )
            process = Process(
                environment, store, slack, wiring.wiring(config, slack, default_targets(), _smtp_password(environment))
            )
            uvloop.run(process.run(web=web, worker=worker))
    except (BackoutError, ValueError, OSError) as error:
        _fail(str(error))
    except SQLAlchemyError as error:
        _fail(_about_database(error))


def _smtp_password(environment: Environment) -> str:
    return environment.smtp_password.get_secret_value() if environment.smtp_password else ""


def _environment() -> Environment:
    try:
        return Environment.read()
    except SettingError as error:
        _fail(str(error))


def _loaded(config: Path, messages: Path) -> Config:
    try:
        return wiring.load_config(config, messages)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        _fail(f"{len(error.problems)} to mend before Backout starts.")


def _open(database: str, config: Path, messages: Path, *, needs_config: bool = True) -> Store:
    """Open a database to read from."""
    try:
        require_newest(database)
        key, _made = trail_key(database, _given_key())
        loaded = _loaded(config, messages) if needs_config else Config({}, {})
        return open_store(database, clock=SystemClock(), ids=RandomIds(), config=loaded, trail_key=key)
    except (BackoutError, ValueError, OSError) as error:
        _fail(str(error))
    except SQLAlchemyError as error:
        _fail(_about_database(error))


def _about_database(error: SQLAlchemyError) -> str:
    """Say what is wrong with the database in one line, without its address: that may hold a password."""
    cause = getattr(error, "orig", None) or error
    first = str(cause).strip().splitlines()[0] if str(cause).strip() else ""
    return f"The database cannot be used ({type(cause).__name__}: {first[:200]}). Check DATABASE_URL, and that it runs."


def _export(reading: Reading, incident: str) -> dict[str, object]:
    return reports.export(reading, incident)


def _given_key() -> SecretStr | None:
    given = os.environ.get("BACKOUT_TRAIL_KEY")
    return SecretStr(given) if given else None


def _secrets(environment: Environment) -> list[str]:
    fields = (
        environment.slack_bot_token,
        environment.slack_signing_secret,
        environment.slack_app_token,
        environment.trail_key,
        environment.heartbeat_url,
        environment.smtp_password,
        *environment.alert_secrets.values(),
    )
    return [secret.get_secret_value() for secret in fields if secret]


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    sys.exit(1)


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
