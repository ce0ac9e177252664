"""The example organisation on SQLite, and on PostgreSQL for races."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.incidents.organisation import Organisation, organisation
from tests.support.postgres import postgres, postgres_url, prepared_postgres_url
from tests.support.stores import prepare

__all__ = ["postgres", "postgres_url", "prepared_postgres_url"]


@pytest.fixture
def meridian(tmp_path: Path) -> Iterator[Organisation]:
    """The example organisation with everybody's account checked."""
    url = f"sqlite:///{tmp_path / 'backout.db'}"
    prepare(url)
    found = organisation(url)
    yield found
    found.store.close()
