"""Rows that are added by the thousand: how many one statement takes. Who is answered when: `db/test_batches.py`."""

import asyncio

from bot.foundation.appending import AT_ONCE
from bot.foundation.db import Store
from bot.foundation.models import Nonce
from tests.foundation.db.acts import held, taken
from tests.support.clock import MORNING


async def test_more_rows_than_one_statement_takes(sqlite_store: Store) -> None:
    with held(sqlite_store):
        rows = [{"value": f"{n:04}", "seen_at": MORNING} for n in range(AT_ONCE)]
        waiting = [asyncio.ensure_future(sqlite_store.append(Nonce, row)) for row in rows]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert len(sqlite_store.read_now(taken)) == AT_ONCE
