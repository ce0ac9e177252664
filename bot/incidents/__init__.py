"""What is happening, how bad is it, and who leads?

An incident is about one version of one system; there is at most one open incident for each (a partial unique index).

    (something came in) ──open_or_join──▶ open ──acknowledge──▶ acknowledged ──close──▶ closed
                              │             └───────────────close───────────────────────▲
                              ╰─ joins the one that is open

    nothing -> open           an alert's trigger is breached, or a person asks for a rollback: classified, briefed,
                              shown as a card, and the first tier is paged
    open -> open              more comes in about the same version: it joins, and may raise the severity
    open -> acknowledged      somebody of the directory takes it and leads from then on
    open|acknowledged -> closed   the lead, the owner of the system or the product owner ends it, with a reason;
                              refused while a rollback is being carried out

The severity is the answer of the first decision node (`config/severity.yaml`) that says yes; the path is kept and
shown. A person may change it, with a reason; where a lower one would drop an approval, a second person confirms:

    severity ──lower, nothing dropped──▶ lower severity
        │ ╰─lower, an approval dropped──▶ proposed ──confirm, by somebody else──▶ lower severity
        ▲                                    │
        ╰──── declined, raised, closed ──────╯

The governance committee is told once, and only on the criteria of that file.

Calls: approvals (a new severity means a new quorum; closing voids an open round), escalation (start, acknowledge, new
deadlines, end), comms (the briefing that fills templates), people (who owns what, who may do what).
Called by: alerts and rollback.
"""
