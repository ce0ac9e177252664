"""What `/openapi.json` says of the doors is what they do: schemathesis makes requests of it, good and bad ones."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
import schemathesis
import urllib3
from hypothesis import HealthCheck, Phase, given, settings
from requests.adapters import HTTPAdapter
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok

from tests.support.front import ALERT_HEADERS, Front, front_of
from tests.support.slack import ME
from tests.support.soak import SOAKING

EXAMPLES = 1_000 if SOAKING else 6
HOST = "http://backout.test"
FOR_STRANGERS = {("POST", 401), ("GET", 200)} | ({("GET", 503)} if SOAKING else set())
FOR_THE_KNOWN = {("POST", 202), ("GET", 200)} | ({("POST", 400), ("POST", 404)} if SOAKING else set())
"""What must have been answered at least, so that the requests are known to reach the doors; rarer ones need more."""


@dataclass
class Doors:
    """The application, and the loop in which it runs."""

    runner: asyncio.Runner
    front: Front

    @property
    def description(self) -> dict[str, Any]:
        described: dict[str, Any] = self.front.process.web.openapi()
        return described


class Here(HTTPAdapter):
    """Hands what a client sends to the doors in this process; `known` makes it right in secret and signature."""

    def __init__(self, doors: Doors, *, known: bool) -> None:
        super().__init__()
        self._doors, self._known = doors, known
        self.answered = set[tuple[str, int]]()

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        front, body = self._doors.front, _bytes(request.body or b"")
        front.people.clock.pass_time(seconds=1)  # so that nothing comes too fast
        path = unquote(urlsplit(str(request.url)).path, errors="surrogateescape")
        asked = front.ask(str(request.method), path, self._headers(request, body), body)
        answer = self._doors.runner.run(asked)
        self.answered.add((str(request.method), answer.status))
        assert answer.status < 500 or answer.status == 503, (answer.body, answer.log)
        assert sum(len(line.encode()) for line in answer.log) <= 512, answer.log
        headers = urllib3.HTTPHeaderDict([(name.decode(), value.decode()) for name, value in answer.headers])
        raw = urllib3.HTTPResponse(io.BytesIO(answer.body), headers, answer.status, preload_content=False)
        return self.build_response(request, raw)

    def _headers(self, request: requests.PreparedRequest, body: bytes) -> list[tuple[bytes, bytes]]:
        sent = {_bytes(name).lower(): _bytes(value) for name, value in request.headers.items()}
        right = {**dict(self._doors.front.signed(body)), b"authorization": dict(ALERT_HEADERS)[b"authorization"]}
        return list({**sent, **(right if self._known else {})}.items())


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    with asyncio.Runner() as runner:
        opened = front_of(tmp_path)
        front = runner.run(opened.__aenter__())
        yield Doors(runner, front)
        runner.run(opened.__aexit__(None, None, None))


@pytest.mark.parametrize("known", [True, False], ids=["known", "stranger"])
def test_the_doors_do_what_their_description_says(doors: Doors, known: bool) -> None:
    """F7, T14, T20: statuses, types and refusals as described, no 500, and little in the log."""
    config = SchemathesisConfig.from_dict(
        {
            "generation": {"with-security-parameters": not known},
            # 503 is described, and `Here` lets no other pass; whom it makes known stays so without a secret; and a
            # body is refused for more than a schema can say, a NUL in a text for example
            "checks": {
                "not_a_server_error": {"enabled": False},
                "ignored_auth": {"enabled": not known},
                "positive_data_acceptance": {"enabled": False},
            },
        }
    )
    schema = schemathesis.openapi.from_dict(doors.description, config=config)
    here = Here(doors, known=known)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        try_out(found.ok(), here, known=known)
    assert here.answered >= (FOR_THE_KNOWN if known else FOR_STRANGERS)


def try_out(operation: APIOperation[Any, Any, Any, Any], here: Here, *, known: bool) -> None:
    """Make requests of one kind, and compare each answer with the description."""
    session = requests.Session()
    session.mount(HOST, here)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not SOAKING,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE))
    def tried(case: Case[Any]) -> None:
        if known:
            _made_ours(case)
        case.call_and_validate(session=session, base_url=HOST)

    tried()


def _made_ours(case: Case[Any]) -> None:
    """Address a source that there is, and come from our workspace and app: else almost nothing gets past the door."""
    if "source" in (case.path_parameters or {}):
        case.path_parameters["source"] = "alertmanager"
    elif isinstance(case.body, dict):
        case.body |= {"team_id": ME.team_id, "api_app_id": ME.app_id}


def _bytes(sent: Any) -> bytes:
    assert isinstance(sent, str | bytes), sent
    return sent if isinstance(sent, bytes) else sent.encode("utf-8", "replace")
