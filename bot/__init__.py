"""Backout: decide, carry out, prove and record rollbacks of AI systems."""
