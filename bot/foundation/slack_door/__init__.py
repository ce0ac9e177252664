"""The door for people: Slack's gestures come in here, over HTTP or Socket Mode, and nowhere else.

    HTTP ───▶ edge: size, signature over the raw bytes, age ─╮
                                                             ├─▶ pinned team and app ─▶ Bolt ─▶ gestures: nonce,
    socket ─▶ envelope ──────────────────────────────────────╯         person, handler, all in one Work ─▶ ack

Bolt sees only requests that are ours. A Work commits before the ack; a Refusal is recorded and shown to one person.
"""

from bot.foundation.slack_door.door import SlackDoor
from bot.foundation.slack_door.edge import Edge

__all__ = ["Edge", "SlackDoor"]
