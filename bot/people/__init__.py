"""Who is who, and who is on duty?

The directory (`config/people.yaml`) says who may act, in which roles, and who stands in for whom; Slack says whether
an account still is what it seems. Whoever is not in the directory, or whose account could not be checked, decides
nothing.

A role is held by people, by a rota, or by the members of a Slack user group, which is read again and again; an answer
that is too old counts as an empty group. Somebody of a rota can take a turn for a while:

    in turn ──take_duty──▶ out of turn ──its time ends, or end_duty──▶ in turn

An account:

    unknown ──▶ checked     Slack answered for the account: a refresh, every six hours, or a `user_change` event
    checked ──▶ refused     the account is now deactivated, a guest's, a bot's or another organisation's
    refused ──▶ checked     it is a plain member's again

Calls: nothing but foundation. Everything above calls `people.service`.
"""
