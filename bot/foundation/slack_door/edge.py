"""The edge before Bolt: what is not from our Slack app goes no further, cheaply and without a word in the log.

Facts: docs.slack.dev/authentication/verifying-requests-from-slack (v0 signature, five minutes). Bolt on its own parses
before it verifies, answers malformed requests with 500, and takes the same signed click any number of times.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

MAX_BODY = 1024 * 1024
MAX_AGE_SECONDS = 300
_TIMESTAMP = re.compile("[0-9]{10}")
_SIGNATURE = re.compile("v0=[0-9a-f]{64}")


class Turned(Exception):  # noqa: N818 - an answer, not a defect
    """A request that is turned away with this HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass(frozen=True)
class Edge:
    """Knows our signing secret and which app in which workspace is ours.

    Attributes:
        signing_secret: Empty with Socket Mode alone: then no HTTP request is authentic, whatever it was signed with.
    """

    signing_secret: str
    team_id: str
    app_id: str

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Return the nonce of an authentic, recent request; raises Turned(401) for any other."""
        timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
        if not self.signing_secret or not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
            raise Turned(401)
        if abs(now.timestamp() - int(timestamp)) > MAX_AGE_SECONDS:
            raise Turned(401)
        if not hmac.compare_digest(self._sign(timestamp, body), signature):
            raise Turned(401)
        return hashlib.sha256(signature.encode()).hexdigest()

    def is_ours(self, payload: Mapping[str, Any]) -> bool:
        """Say whether a payload belongs to the pinned workspace and app."""
        inside, app = payload.get("team"), payload.get("api_app_id")
        team = payload.get("team_id") or (inside.get("id") if isinstance(inside, Mapping) else None)
        return team == self.team_id and (app is None or app == self.app_id)

    def _sign(self, timestamp: str, body: bytes) -> str:
        base = f"v0:{timestamp}:".encode() + body
        return "v0=" + hmac.new(self.signing_secret.encode(), base, hashlib.sha256).hexdigest()


def read(content_type: str, body: bytes) -> dict[str, Any]:
    """Return the payload of an authentic body: JSON, a form with `payload`, or a slash command's form.

    Raises:
        Turned: 400 for what is none of these.
    """
    try:
        text = body.decode()
        if content_type.startswith("application/json"):
            return _object(json.loads(text))
        form = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True, max_num_fields=100).items()}
        return _object(json.loads(form["payload"])) if "payload" in form else dict(form)
    except (ValueError, RecursionError):
        raise Turned(400) from None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Turned(400)
    return value
