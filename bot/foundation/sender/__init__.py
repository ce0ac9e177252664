"""The sender: takes what waits in the outbox and gets it done, in order, paced, and never twice if that can be known.

For a message it 1. claims the row (compare-and-set) and builds it from current state, 2. calls Slack with no
transaction open, 3. records where the message stands. Dying between 2 and 3, or losing Slack's reply, leaves the row
*unclear*: after five seconds the message is looked up by the row's id in its metadata before anything is sent again.

Each channel takes one call at a time and one post a second; a 429 stops a channel for exactly as long as Slack says,
while other channels go on. While Slack is away a channel's rows wait behind the first of them, so their order stays.

    sending.py    what starts when: steps, effects, messages
    lines.py      which message is first for each place, by index
    delivery.py   one message: the calls to Slack, and what each refusal leads to
    rendering.py  what a message looks like as Slack takes it; plain text where its blocks would be refused
    rows.py       what happens to a row, always by compare-and-set
    pace.py       which channel may be called now
    turn.py       of several workers on one database, whose turn it is to send
"""

from bot.foundation.sender.rows import waiting
from bot.foundation.sender.sending import Sender

__all__ = ["Sender", "waiting"]
