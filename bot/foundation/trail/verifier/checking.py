"""Check a whole trail: chain, payloads, checkpoints, head, and anchors if there are any."""

from collections.abc import Sequence

from bot.foundation.trail.keys import Keyring
from bot.foundation.trail.verifier.entries import Pass
from bot.foundation.trail.verifier.models import Anchor, DamageError, Report, Source
from bot.foundation.trail.verifier.seals import compare, seals_of


def check(
    source: Source, keys: Keyring | None, *, first_public: bytes | None = None, anchors: Sequence[Anchor] = ()
) -> Report:
    """Check a whole trail and report what was found.

    Args:
        source: Where the trail stands.
        keys: The first key checks everything; None: only signatures are checked.
        first_public: The public key of the first epoch as the checker was given it; without it the trail's own word is
            taken, and the report names it for comparison.
        anchors: Checkpoints that were kept elsewhere.
    """
    report = Report()
    try:
        seals = seals_of(source.checkpoints(), keys, first_public or (keys.first_public if keys else None))
        report.public = seals[0].public.hex() if seals else ""
        report.sealed = seals[-1].last if seals else 0
        compare(anchors, seals)
        Pass(source, keys, seals, report).run()
        report.anchors = len(anchors)
    except DamageError as error:
        report.damage = error.damage
        report.whole = min(report.whole, max(error.damage.seq - 1 - report.purged, 0))
    return report
