"""Decisions about what came in. Pure.

`body` refuses what is no sane JSON, `evidence` says what is kept of it, `alertmanager` finds the alerts in it,
`mapping` says what each is about, `judgement` whether it matters, `triage` holds what people are shown,
and `checks` says whether `triggers.yaml` makes sense.
"""

from bot.alerts.rules.checking import checks

__all__ = ["checks"]
