"""The verifier: says whether a trail is what was written, wherever it stands. It knows no database and writes nothing.

It reads rows as the bytes they are: whoever changed a file need not have kept types or encodings. What it can check
depends on what it is given:

    the first key       every entry and every checkpoint
    a later key         entries of its epoch and later by their MACs, older ones by the checkpoints over them
    the first public    what checkpoints cover; the newest entries, under none yet, it counts as open
    anchors             also that nothing was cut off or put back since

models.py     what it reads, and what it answers
seals.py      the row of checkpoints, and the anchors beside it
entries.py    one pass over all entries
checking.py   all of it: `check`
"""

from bot.foundation.trail.verifier.checking import check
from bot.foundation.trail.verifier.models import (
    ERASED,
    ITSELF,
    POLICY,
    PURGED,
    Anchor,
    Damage,
    DamageError,
    DamageKind,
    Head,
    Report,
    Row,
    Sealed,
    Source,
    Stored,
)

__all__ = [
    "ERASED",
    "ITSELF",
    "POLICY",
    "PURGED",
    "Anchor",
    "Damage",
    "DamageError",
    "DamageKind",
    "Head",
    "Report",
    "Row",
    "Sealed",
    "Source",
    "Stored",
    "check",
]
