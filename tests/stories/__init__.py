"""One file per situation, played through the real app."""
