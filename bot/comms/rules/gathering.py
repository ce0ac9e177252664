"""What is left of many notes when they are told together. Pure."""

from collections.abc import Sequence
from datetime import datetime

from bot.foundation.blocks import Markup, clip, join, moment, mrkdwn

ROOM = 2_600
"""Characters for the lines: with head and tail it stays within one section of a message."""
ONE_LINE = 400


def gathered(subject: str, said: Sequence[tuple[datetime, Markup]], why: str) -> Markup:
    """Return one note instead of several, with why they stand together: each with its time, as there is room."""
    lines: list[Markup] = []
    for at, text in said:
        line = mrkdwn("• {at}: {text}", at=moment(at, "{time}"), text=clip(Markup(" ".join(text.split())), ONE_LINE))
        if sum(len(one) + 1 for one in [*lines, line]) > ROOM:
            break
        lines.append(line)
    rest = len(said) - len(lines)
    more = (
        [mrkdwn("and {rest} more: `backout export {subject}` has them all", rest=rest, subject=subject)] if rest else []
    )
    return join("\n", [why, *lines, *more])
