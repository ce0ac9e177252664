"""Tools for the people who build Backout."""
