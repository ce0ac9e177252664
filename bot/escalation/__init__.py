"""Who must know by when?

An escalation climbs from tier to tier (`config/escalation.yaml`) until somebody takes the incident and a decision is
made. Each tier is paged by one message in the incident's channel that mentions each person once.

    start ──▶ waiting_for_acknowledgement ──acknowledge──▶ waiting_for_decision ──decision_made──▶ decided ──▶ ended
                │ ▲  nobody in time:                          │ ▲  no decision in time:              ▲
                │ ╰─ next tier paged ─╯                       │ ╰─ next tier paged ─╯                │
                ╰──── after the last tier ──▶ exhausted ◀─────╯ ───────────decision_made─────────────╯
                                                  ╰──acknowledge──▶ waiting_for_decision

    start                            tier 1 is paged at once; a tier in which nobody can be reached is skipped and said
    waiting_for_acknowledgement -> waiting_for_decision   somebody acknowledges and leads; the time to decide begins
    waiting_for_* -> itself          its time passed: the next tier is paged and gets its own time
    waiting_for_* -> exhausted       the last tier's time passed: said in the thread, nobody is left to page
    exhausted -> waiting_for_decision   somebody acknowledges after all
    any but ended -> decided         a decision was made: nobody else is paged; the lead can still change hands
    any -> ended                     the incident was closed

The lead changes hands by a hand-over, which never buys time:

    leads ──hand_over──▶ offered ──accept──▶ the other leads
      ▲ │                  │ ╰── no answer in time ──▶ the next tier is paged, and the first goes on leading
      │ │                  ╰──── decline ─▶ the first goes on leading
      │ ╰──take_over, by a tier or the deputy ──▶ the other leads
      ╰── half-way to the deadline, nothing done: called again, once

Whoever is named while nobody has acknowledged leads at once, and still has to acknowledge. Time lost to a downtime is
made up once: the tier that is due now is paged, those in between are recorded as skipped.

Tiers and deadlines are those of the policy under which the escalation began; people are those of today.

Calls: comms (the approved words of a page), people (whom a role reaches now).
Called by: incidents (start, acknowledge, severity_changed, end) and approvals (decision_made).
"""
