"""Is the database file whole? Asked at every start, before anything is written to it."""

import contextlib
import sqlite3
from pathlib import Path

from bot.foundation.db import sqlite_file
from bot.foundation.errors import BackoutError


class DamagedError(BackoutError):
    """The database file is damaged. Nothing was changed; the message says what to do."""


def require_sound(url: str) -> None:
    """Refuse to work on an SQLite file that is damaged (DamagedError); a database server looks after itself.

    `PRAGMA quick_check` reads every page (sqlite.org/pragma.html#pragma_quick_check). A file that is locked is not
    judged here: whoever opens it next says so.
    """
    path = sqlite_file(url)
    if path is None or not path.exists():
        return
    wrong = _quick_check(path)
    if wrong:
        raise DamagedError(
            f"The database {path} is damaged ({wrong}). Nothing was changed. Keep the file for inspection, put "
            "the newest backup that `backout verify` finds whole in its place (without -wal and -shm files), and start "
            "again."
        )


def _quick_check(path: Path) -> str:
    """Return the first thing that is wrong, empty if nothing is."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else " ".join(str(found).split())[:200]
