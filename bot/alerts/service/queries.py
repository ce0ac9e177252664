"""What is asked about signals."""

from collections.abc import Iterable
from dataclasses import fields

from sqlmodel import col, select

from bot.alerts.models import Signal
from bot.alerts.rules.episodes import Episode
from bot.foundation.work import Reading, Work

CHUNK = 200
KNOWN = [one.name for one in fields(Episode) if one.name not in ("labels", "annotations")]


def signals_of(reading: Reading, incident: str) -> list[Signal]:
    """Return the signals of an incident: those still firing first, then the newest first."""
    query = select(Signal).where(Signal.incident == incident)
    found = reading.session.exec(query.order_by(col(Signal.state), col(Signal.starts_at).desc(), col(Signal.id))).all()
    return list(found)


def known_episodes(work: Work, keys: Iterable[str]) -> dict[str, Episode]:
    """Return what we have under these keys, locked until the end of this Work."""
    wanted, found = sorted(set(keys)), dict[str, Episode]()
    columns = [col(getattr(Signal, name)) for name in KNOWN]  # rows rather than objects, as there may be thousands
    connection = work.session.connection()
    for start in range(0, len(wanted), CHUNK):
        some = select(*columns).where(col(Signal.dedup_key).in_(wanted[start : start + CHUNK]))
        rows = connection.execute(some.order_by(col(Signal.dedup_key)).with_for_update()).mappings()
        found |= {row["dedup_key"]: Episode(**row) for row in rows}
    return found
