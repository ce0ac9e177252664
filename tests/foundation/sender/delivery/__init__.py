"""One message, whatever Slack does: posted once, brought up to date, never lost, never twice if that can be known."""
