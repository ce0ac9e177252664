"""Who may say yes?

The RACI matrix (`config/raci.yaml`) names one role per approval that is needed, by activity, severity and the tags of
the system. A request opens a round in which those people are asked all at once. Policy, slots and plan are pinned when
the round opens; who may decide is whoever stands in both the pinned list and today's directory.

    ask ──▶ asked ──approve (last slot)──▶ approved ──▶ the step named by `then` is enqueued
              │ ╰──reject (any approver)──▶ rejected
              │ ╰──expires_at passes──────▶ expired     fails closed: nothing happens without a complete quorum
              │ ╰──void, or asked anew────▶ void        what was to be approved has changed, or the incident was closed
              ╰──severity_changed──▶ asked, next round, new quorum; void if that quorum cannot be reached

    asked -> approved    every slot is filled by a different person; whoever asked fills none
    asked -> rejected    one no of somebody who may decide closes the round
    asked -> void        replaced by another request, or the incident was closed
    asked -> expired     the approvals were not complete in time
    asked -> asked       more was asked (it stays open), or the severity changed (raised: only what is missing is asked)

Whoever is consulted is asked by a direct message when a round opens, each role once about a request; approvers read
the answer on the card, and nothing waits for it. Whoever is informed gets one message when a request is approved
or rejected.

Deputies may decide from `deputies_from` on, or at once when the person they stand in for cannot, or abstains. An
approval or abstention can be taken back while the round is open. An answer after the round has closed is recorded as
late and changes nothing.

Calls: escalation (a decision stops the climb), people (who is active, what they are called).
Called by: rollback (ask, still_approved) and incidents (severity_changed, void). Enqueues what was asked for, by name.
"""
