"""Slack in a box, for demos, drills and tests."""
