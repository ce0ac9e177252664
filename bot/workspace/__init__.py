"""Slack in a box: a strict Slack on your own machine, for demos, drills and tests.

What it is: the Web API methods a bot like this one uses, signed deliveries over HTTP and Socket Mode, and people who
type, click and fill in forms. `Workspace` is the whole; `server.create_app` and `server.serving` put it on a port. It
imports nothing of the bot: the bot reaches it over `SLACK_API_URL`, like the real Slack.

What it is not: a chat server. There is no log-in, no persistence, no search and no history after the process ends.

Strict means that what the real Slack would refuse is refused here:

- Block Kit: types, surfaces, required and unknown fields, lengths, counts, duplicate ids, initial options, 50 blocks
  per message and 100 per view, about 13,200 visible characters per message (`blocks`, `elements`).
- Calls: token, scopes, channel membership, archived channels, rate limits with `Retry-After` (`limits`).
- Time: 3 seconds to acknowledge; 3 seconds, one use for a trigger; 30 minutes, five uses for a response URL.
- People: modals, Home tabs and ephemeral messages belong to one person; deactivated people can do nothing and cannot be
  written to; guests and strangers see only the channels they were added to; forms check their required fields first.
- Messages: an update without blocks removes the blocks; metadata comes back whole only when asked for; replies need an
  existing parent.

Where Slack's documentation leaves open which error a call gets, the stricter reading was taken (an unknown `thread_ts`
is refused with `thread_not_found`, for example). Nothing here was compared with the real Slack.

Rehearsing failure: `faults` scripts rate limits, errors, lost answers, time-outs, outages, duplicates and late or
forged deliveries. Every visible effect of the app is in `Workspace.happenings`, every call in `calls`, every
delivery in `deliveries`.
"""
