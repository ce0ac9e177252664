"""What everything stands on.

One gesture, alert or due moment is one *Work*: a transaction, a moment and an actor (`work`, run and committed by the
store in `db`). What is to happen outside waits in the `outbox`, and the `sender` gets it done. Who did what stands in
the `trail`, in the same transaction. Three doors open Works: `slack_door` for people, `web_door` for machines,
`worker_loop` for time; `process` starts and stops them.

Here and nowhere else: the clock (`clock`), randomness (`ids`), the environment and its secrets (`environment`), Slack's
Web API (`slack_port`), commits (`db`), and the shape of the database (`migrations`).

Nothing enters before two capabilities need it. Calls: nothing of ours.
"""
