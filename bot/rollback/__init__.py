"""Undo it, and prove it worked.

A rollback is a plan, word for word, with a digest. Approvers approve that digest. Whatever is carried out later is
compared with it first, and whatever was carried out is proved by asking the process that really serves.

    request ──▶ plan proposed ──approvals──▶ rollback.start ──▶ running ──rollback.apply──▶ validating
                                                  │                │                           │ rollback.validate
                                                  ▼                ├──▶ failed ◀───────────────┤ (again after 5 s,
                                               refused             └──▶ unknown ◀──────────────┤  three times)
                                                                                  partial ◀────┤
                                                                                  done ◀───────╯

    request -> proposed           somebody asks, with a reason: the steps are written out and a quorum is asked
    proposed -> refused           at the moment of execution the approval or the plan no longer stands: nothing is done
    proposed -> running           the quorum was reached, and both still stand
    running -> validating         the target was changed and read back, or stood at the wanted version already
    running -> failed             somebody else changed it meanwhile, or it cannot be changed: nothing was changed
    running -> unknown            nobody can say whether it was changed, or no outcome came within ten minutes
    validating -> done            every answer is from the wanted version, and the target still says so
    validating -> partial         some answers are, 10 seconds later still not all
    validating -> failed          none is
    validating -> unknown         no answer could be read, or the target says something else by now
    done -> done                  watched for half an hour (after 5, 15 and 30 minutes): it stayed
    done -> partial|failed|unknown    it did not stay
    partial|failed|unknown -> validating    a person mended something and asks to check again

Taking it back (`Reinstate version 8`) is a plan of its own, with its own approval.

Calls: approvals (ask, still_approved), incidents (open or join, containment), escalation (who leads), people.
Called by: nothing below it; `app.py` wires its doors.
"""
