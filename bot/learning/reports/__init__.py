"""Can somebody who was not there see what happened, who decided it, and that the record is whole?

A report is one incident's whole record, taken from the tables and from the trail at one moment. It changes nothing.

    tables + trail ──export──▶ plain values (JSON, always in the same order) ──markdown──▶ a document for people

The two are compared by whoever doubts: the trail carries each entry's number and MAC, plans and policies their digests.

Calls: the models of every capability, and the trail. Called by: the command line (`backout export INC-42`).
"""
