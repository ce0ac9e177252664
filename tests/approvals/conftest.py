"""A committee for each test, and PostgreSQL for races."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.approvals.committee import Committee
from tests.approvals.committee import committee as new_committee
from tests.support.postgres import postgres, postgres_url, prepared_postgres_url

__all__ = ["postgres", "postgres_url", "prepared_postgres_url"]


@pytest.fixture
def committee(tmp_path: Path) -> Iterator[Committee]:
    found = new_committee(tmp_path)
    yield found
    found.store.close()
