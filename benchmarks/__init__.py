"""Figures, each from a command that anybody can run; never part of the tests."""
