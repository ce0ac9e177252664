"""Watching ourselves: does everything still run, and is anything overdue? What watches does not run in what it watches.

worker loop, sender, metronome ─┐                                  ┌─▶ /readyz, /metrics: which part, since when
event loop, Socket Mode ────────┼─▶ signs of life ─┐               │
writer: one small commit ───────┘                  ├─▶ Health.look ┼─▶ auditor (a thread): log, figures
next_due of every sweep, and the outbox ─▶ overdue ┘               └─▶ heartbeat (a thread): out only if all is well

signs.py      loops show that they are alive; who has not for too long is silent
overdue.py    what should have been done by now, found the same way for every kind of work
health.py     both together, with database and Slack: what is wrong, in words
rounds.py     a thread that does one thing again and again
auditor.py    looks every ten seconds, in a thread of its own
heartbeat.py  tells a dead man's switch outside that all is well; says nothing when it is not
"""

from bot.foundation.watch.auditor import Auditor
from bot.foundation.watch.health import Health
from bot.foundation.watch.heartbeat import Heartbeat
from bot.foundation.watch.signs import Signs

__all__ = ["Auditor", "Health", "Heartbeat", "Signs"]
