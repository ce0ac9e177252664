"""Which words may go out."""
