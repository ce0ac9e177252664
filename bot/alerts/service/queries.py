"""What is asked about signals."""

from collections.abc import Iterable

from sqlmodel import col, select

from bot.alerts.models import Signal
from bot.foundation.work import Reading, Work

CHUNK = 200


def signals_of(reading: Reading, incident: str) -> list[Signal]:
    """Return the signals of an incident: those still firing first, then the newest first."""
    query = select(Signal).where(Signal.incident == incident)
    found = reading.session.exec(query.order_by(col(Signal.state), col(Signal.starts_at).desc(), col(Signal.id))).all()
    return list(found)


def known_signals(work: Work, keys: Iterable[str]) -> dict[str, Signal]:
    """Return the signals that we have under these keys, locked until the end of this Work."""
    wanted, found = sorted(set(keys)), dict[str, Signal]()
    for start in range(0, len(wanted), CHUNK):
        query = select(Signal).where(col(Signal.dedup_key).in_(wanted[start : start + CHUNK]))
        found |= {
            signal.dedup_key: signal
            for signal in work.session.exec(query.order_by(col(Signal.dedup_key)).with_for_update())
        }
    return found
