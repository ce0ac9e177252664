"""A whole organisation for a day, decided by one seed: what can go wrong does, and the same seed plays the same day.

    day.play(17)  ──▶  Day: what happened in order, which promises were broken, the trail's head

    loop       an event loop whose time jumps to the next thing that happens
    nodes      processes of Backout that crash at a seam, start again, and whose clocks jump
    network    Slack and the alert door in the same process, with their faults
    targets    flag files and models that fail, hang, answer wrongly or do not change
    people     who clicks, types and answers, in time or late, with and without the right to it
    promises   what must never happen, recomputed from the trail, the database and Slack
    arrows     which changes of state are drawn, and which were made

Real is everything of the product but the clock, the randomness, the threads, the network and the disk.
"""
