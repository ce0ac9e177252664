"""The command line: `backout --help`.

Exit status: 0 done, 1 refused or something is wrong (said on standard error), 2 used wrongly.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from sqlalchemy.exc import SQLAlchemyError

from bot import app as wiring
from bot import auditing, policing
from bot import demo as demonstration
from bot.console import (
    CONFIG,
    DATABASE,
    MESSAGES,
    ConfigDirectory,
    DatabaseUrl,
    MessagesDirectory,
    about_database,
    fail,
    loaded,
)
from bot.foundation import logs
from bot.foundation.clock import SystemClock
from bot.foundation.environment import Environment, SettingError
from bot.foundation.errors import BackoutError
from bot.foundation.ids import RandomIds
from bot.foundation.migrations import SchemaError, migrate
from bot.foundation.process import Process, alone_with, open_process_store
from bot.foundation.slack_port import SlackClient
from bot.foundation.soundness import require_sound
from bot.rollback.targets import default_targets

cli = typer.Typer(
    help="Decide, carry out, prove and record rollbacks of AI systems, from Slack. Start with: backout demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
    configuration = loaded(config, messages)
    places = demonstration.Places(port, bot_port, directory, config, messages, keep=keep)
    try:
        asyncio.run(demonstration.play(configuration, places, typer.echo))
    except (OSError, BackoutError) as error:
        fail(f"The demo cannot start: {error}")


@cli.command()
def check(
    config: ConfigDirectory = CONFIG,
    messages: MessagesDirectory = MESSAGES,
    digests: Annotated[
        bool, typer.Option("--digests", help="Also print each file's digest, as the trail records it.")
    ] = False,
) -> None:
    """Check config/ and messages/: every mistake as `file:line: what; how to mend`."""
    configuration = loaded(config, messages)
    for name, digest in sorted(configuration.digests().items()) if digests else ():
        typer.echo(f"{digest}  {name}")
    warnings = [str(problem) for warn in wiring.WARNINGS for problem in warn(configuration, SystemClock().now().date())]
    for warning in warnings:
        typer.echo(f"warning: {warning}")
    typer.echo(f"{config} and {messages} are in order{f', {len(warnings)} warnings' if warnings else ''}.")


COMMANDS: tuple[Callable[..., None], ...] = (*policing.COMMANDS, *auditing.COMMANDS)
for command in COMMANDS:
    cli.command()(command)


@cli.command("migrate")
def migrate_command(database: DatabaseUrl = DATABASE) -> None:
    """Bring the database to the shape this version needs. Safe to run again."""
    try:
        before, after = migrate(database)
    except (SchemaError, ValueError, OSError) as error:
        fail(str(error))
    except SQLAlchemyError as error:
        fail(about_database(error))
    typer.echo(f"The database was at {before or 'nothing'} and is at {after}.")


def _run(*, web: bool, worker: bool) -> None:
    environment = _environment()
    logs.set_up(_secrets(environment))
    config = loaded(environment.config, environment.messages)
    try:
        if not (web and worker) and environment.database_url.startswith("sqlite"):
            raise SettingError("SQLite is for one process: run `backout serve`, or set DATABASE_URL to PostgreSQL.")
        with alone_with(environment.database_url):
            require_sound(environment.database_url)
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
        fail(str(error))
    except SQLAlchemyError as error:
        fail(about_database(error))


def _smtp_password(environment: Environment) -> str:
    return environment.smtp_password.get_secret_value() if environment.smtp_password else ""


def _environment() -> Environment:
    try:
        return Environment.read()
    except SettingError as error:
        fail(str(error))


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


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
