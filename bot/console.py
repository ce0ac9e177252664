"""What the commands share: their options, opening a database or the configuration, and saying why not.

Exit status: 0 done, 1 refused or something is wrong (said on standard error), 2 used wrongly.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from bot import app as wiring
from bot.foundation.clock import SystemClock
from bot.foundation.config import Config
from bot.foundation.db import Store, open_store
from bot.foundation.environment import logged_in, trail_key
from bot.foundation.errors import BackoutError, ConfigError
from bot.foundation.ids import RandomIds
from bot.foundation.migrations import require_newest
from bot.foundation.trail import Keyring
from bot.foundation.work import Actor

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


def loaded(config: Path, messages: Path) -> Config:
    """Read and check the configuration, or say every mistake and leave."""
    try:
        return wiring.load_config(config, messages)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        fail(f"{len(error.problems)} to mend before Backout starts.")


@contextmanager
def opened(database: str, config: Config | None = None) -> Iterator[Store]:
    """Open a database with its trail's key for one command, or say why not and leave.

    Whatever the command is refused, or the database cannot do, ends it with one line and status 1.
    """
    try:
        require_newest(database)
        store = open_store(
            database,
            clock=SystemClock(),
            ids=RandomIds(),
            config=config or Config({}, {}),
            trail_key=key_of(database),
        )
        try:
            yield store
        finally:
            store.close()
    except (BackoutError, ValueError, OSError) as error:
        fail(str(error))
    except SQLAlchemyError as error:
        fail(about_database(error))


def key_of(database: str) -> Keyring:
    """Return the trail's key, given in the environment or kept beside the database (SettingError if there is none)."""
    key, _made = trail_key(database, given_key())
    return key


def operator() -> Actor:
    """Return whoever runs this command, for the record."""
    return Actor("system", "command-line", logged_in())


def now() -> datetime:
    """Return the moment at which a command is given."""
    return SystemClock().now()


def given_key() -> SecretStr | None:
    """Return what BACKOUT_TRAIL_KEY says."""
    given = os.environ.get("BACKOUT_TRAIL_KEY")
    return SecretStr(given) if given else None


def about_database(error: SQLAlchemyError) -> str:
    """Say what is wrong with the database in one line, without its address: that may hold a password."""
    cause = getattr(error, "orig", None) or error
    first = str(cause).strip().splitlines()[0] if str(cause).strip() else ""
    return f"The database cannot be used ({type(cause).__name__}: {first[:200]}). Check DATABASE_URL, and that it runs."


def fail(message: str) -> NoReturn:
    """Say why not, and end the program with status 1."""
    typer.echo(message, err=True)
    sys.exit(1)
