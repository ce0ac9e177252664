"""Reading messages, filling them, posting them."""
