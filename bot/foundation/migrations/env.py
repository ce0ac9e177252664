"""Alembic's entry: the engine comes from `bot.foundation.migrations`, never from a file."""

from typing import Any

from alembic import context
from sqlalchemy import text

ALONE = 6_178_427_413
"""Any number, the same in every process: PostgreSQL's advisory lock that lets one of them migrate at a time."""


def run() -> None:
    """Run the migrations that Alembic asks for, all in one transaction."""
    engine = context.config.attributes["engine"]
    metadata: Any = context.config.attributes.get("metadata")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # another process may migrate for minutes
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": ALONE})
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        context.run_migrations()


run()
