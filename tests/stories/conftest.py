"""A PostgreSQL server for the stories that run on one."""

from tests.support.postgres import postgres, postgres_url, prepared_postgres_url

__all__ = ["postgres", "postgres_url", "prepared_postgres_url"]
