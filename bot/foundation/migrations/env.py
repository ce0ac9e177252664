"""Alembic's entry: the engine comes from `bot.foundation.migrations`, never from a file."""

from typing import Any

from alembic import context


def run() -> None:
    """Run the migrations that Alembic asks for, all in one transaction."""
    engine = context.config.attributes["engine"]
    metadata: Any = context.config.attributes.get("metadata")
    with engine.begin() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        context.run_migrations()


run()
