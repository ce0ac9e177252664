"""Who is who, and who is on duty?

The directory (`config/people.yaml`) says who may act, in which roles, and who stands in for whom; Slack says whether
an account still is what it seems. Whoever is not in the directory, or whose account could not be checked, decides
nothing.

    unknown ──▶ checked     Slack answered for the account: a refresh, every six hours, or a `user_change` event
    checked ──▶ refused     the account is now deactivated, a guest's, a bot's or another organisation's
    refused ──▶ checked     it is a plain member's again

Calls: nothing but foundation. Everything above calls `people.service`.
"""
