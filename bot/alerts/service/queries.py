"""What is asked about signals."""

from collections.abc import Iterable
from dataclasses import fields

from sqlmodel import col, func, select

from bot.alerts.models import Signal, SignalState
from bot.alerts.rules.episodes import Episode
from bot.alerts.rules.triage import Reported
from bot.foundation.work import Reading, Work

CHUNK = 200
SHOWN = 5
KNOWN = [one.name for one in fields(Episode) if one.name not in ("labels", "annotations")]


def signals_of(reading: Reading, incident: str) -> Reported:
    """Return the first few signals of an incident, those still firing first, then the newest; and how many there are.

    In the order of the index `signal_of_incident`: a card is drawn again and again while thousands come in.
    """
    first = list[Signal]()
    for state in SignalState:
        query = select(Signal).where(Signal.incident == incident, Signal.state == state).limit(SHOWN - len(first))
        first += reading.session.exec(query.order_by(col(Signal.starts_at).desc(), col(Signal.id).desc())).all()
    counts = select(Signal.state, func.count()).where(Signal.incident == incident).group_by(Signal.state)
    count = dict(reading.session.exec(counts).all())
    return Reported(first, count.get(SignalState.FIRING, 0), count.get(SignalState.RESOLVED, 0))


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
