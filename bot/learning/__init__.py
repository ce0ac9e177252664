"""What did we learn? Reviews, drills and reports; each stands alone and reads from everything below."""
