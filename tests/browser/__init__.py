"""What people see and press, in Chromium."""
