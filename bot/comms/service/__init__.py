"""What may be said, what was said, and saying it."""

from bot.comms.service.fallback import must_reach, next_batch, send_batch, settle_batch
from bot.comms.service.gathering import GATHERED, crowded, thin_out
from bot.comms.service.library import digests, read_library
from bot.comms.service.outage import over, sum_up
from bot.comms.service.posting import (
    brief,
    briefings_of,
    fill,
    post,
    preview,
    render,
    statement,
    statements,
    why_not_postable,
    why_not_yours,
)

__all__ = [
    "GATHERED",
    "brief",
    "briefings_of",
    "crowded",
    "digests",
    "fill",
    "must_reach",
    "next_batch",
    "over",
    "post",
    "preview",
    "read_library",
    "render",
    "send_batch",
    "settle_batch",
    "statement",
    "statements",
    "sum_up",
    "thin_out",
    "why_not_postable",
    "why_not_yours",
]
