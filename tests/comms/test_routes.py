"""The kinds of fallback routes, by name."""

from pathlib import Path

from bot.comms.models import FallbackPolicy
from bot.comms.routes import FileRoute, SmtpRoute, make_routes


def test_each_configured_route_is_made_by_its_kind() -> None:
    """R114."""
    mail = {"kind": "smtp", "name": "mail", "host": "smtp.example.com", "sender": "backout@example.com"}
    policy = FallbackPolicy.model_validate({"routes": [{"kind": "file", "name": "log", "path": Path("x.jsonl")}, mail]})
    routes = make_routes(policy, "a password")
    assert isinstance(routes["log"], FileRoute)
    assert isinstance(routes["mail"], SmtpRoute)
    assert make_routes(FallbackPolicy(), "") == {}
