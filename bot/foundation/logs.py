"""Logs: one JSON object a line, control characters escaped, values cut, what is or looks like a secret taken out."""

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from bot.foundation import redaction

MAX_VALUE = 2048


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON in which no given secret appears."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line: dict[str, str] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "what": self._safe(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = self._safe(self.formatException(record.exc_info), end=True)
        return json.dumps(line)

    def _safe(self, text: str, *, end: bool = False) -> str:
        """Take secrets out and cut; of an error the end stays, which says what went wrong."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        text = redaction.text(text)
        if len(text) <= MAX_VALUE:
            return text
        return f"…{text[-MAX_VALUE:]}" if end else f"{text[:MAX_VALUE]}…"


def set_up(secrets: Iterable[str], level: int = logging.INFO) -> None:
    """Send every log line of the process through JsonLines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    quieten()


def quieten() -> None:
    """Let libraries speak of what matters only. Bolt's warnings repeat whatever was sent to it, so it says none."""
    for chatty in ("apscheduler", "uvicorn", "slack_sdk", "alembic", "asyncio", "aiohttp"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
