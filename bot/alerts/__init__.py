"""What came in, and does it matter?

A body that comes in is stored as it came and answered at once; it is read afterwards, in order.

    POST /alerts/{source} ─▶ inbox: new ──read──▶ read ──▶ signals ──judged by the triggers──▶ incidents.open_or_join
                                     └──────────▶ not_understood: kept as evidence and shown

    new -> read               its alerts have become signals, or changed those that were there
    new -> not_understood     no shape we know, or reading it failed five times; people are shown it

    signal: firing -> resolved     the source says that it is over. The incident stays until a person closes it.

A signal is `breached` (a trigger's limit is crossed: an incident opens or is joined), `within_limit`, `no_trigger` or
`needs_context` (system unknown or version missing); the last two are shown in the default channel until somebody has
looked. A redelivery changes nothing, whatever the order in which bodies arrive.

Calls: incidents (open or join), people (who looked).
"""
