"""The example organisation, receiving alerts, on SQLite; and PostgreSQL for races."""

from tests.incidents.conftest import meridian
from tests.support.postgres import postgres, postgres_url, prepared_postgres_url

__all__ = ["meridian", "postgres", "postgres_url", "prepared_postgres_url"]
