"""The wiring list."""
