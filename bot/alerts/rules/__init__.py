"""Decisions about what came in. Pure.

`body` refuses what is no sane JSON, `alertmanager` finds the alerts in it, `mapping` says what each is about,
`judgement` whether it matters, `checks` whether `triggers.yaml` makes sense.
"""
