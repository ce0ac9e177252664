"""The kinds of fallback routes, one file each: how people are reached while Slack is away."""

from collections.abc import Mapping

from bot.comms.models import FallbackPolicy, FileSettings
from bot.comms.routes.contract import Addressee, Batch, Delivered, Letter, Route
from bot.comms.routes.file import FileRoute
from bot.comms.routes.smtp import SmtpRoute

__all__ = ["Addressee", "Batch", "Delivered", "FileRoute", "Letter", "Route", "SmtpRoute", "make_routes"]


def make_routes(policy: FallbackPolicy, smtp_password: str) -> Mapping[str, Route]:
    """Return the configured routes by name."""
    return {
        one.name: FileRoute(one.path) if isinstance(one, FileSettings) else SmtpRoute(one, smtp_password)
        for one in policy.routes
    }
