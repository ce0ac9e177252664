"""What may be said, what was said, and saying it."""

from bot.comms.service.library import digests, read_library
from bot.comms.service.outage import over, sum_up
from bot.comms.service.posting import (
    brief,
    post,
    preview,
    render,
    statement,
    statements,
    why_not_postable,
    why_not_yours,
)

__all__ = [
    "brief",
    "digests",
    "over",
    "post",
    "preview",
    "read_library",
    "render",
    "statement",
    "statements",
    "sum_up",
    "why_not_postable",
    "why_not_yours",
]
