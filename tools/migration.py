"""Write the next migration: what differs between the tables in the code and a database at the newest version.

python -m tools.migration 0002 "Say in the user's words what changes"
"""

import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlmodel import SQLModel

import bot.app  # noqa: F401 - brings every capability's tables into the metadata
from bot.foundation.db import open_engine
from bot.foundation.migrations import alembic_config, migrate, newest


def write(number: str, message: str) -> Path:
    """Write `bot/foundation/migrations/versions/<number>_<message>.py` and return its path."""
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/newest.db"
        if number != "0001":
            migrate(url)
        engine = open_engine(url)
        config = alembic_config(engine)
        config.attributes["metadata"] = SQLModel.metadata
        config.set_main_option(
            "file_template", f"{number}_{re.sub(r'[^a-z0-9]+', '_', message.lower()).strip('_')[:40]}"
        )
        script = command.revision(config, message=message, autogenerate=True, rev_id=number)
        engine.dispose()
    assert script is not None  # noqa: S101 - Alembic returns one script for one revision
    assert not isinstance(script, list)  # noqa: S101
    path = Path(script.path)
    source = path.read_text().replace("sqlmodel.sql.sqltypes.", "")
    path.write_text(source)
    return path


if __name__ == "__main__":
    print(write(sys.argv[1], sys.argv[2]))
    print(f"newest: {newest()}")
